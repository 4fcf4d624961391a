"""The functions that decide whether an organisation may send. Migrations depend on them: add, never change."""

from __future__ import annotations

MISSING = """
    CREATE OR REPLACE FUNCTION crm_golive_missing(whose smallint) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        SELECT array_remove(ARRAY[
            CASE WHEN btrim(o.legal_name) = '' OR btrim(o.postal_address) = '' THEN 'imprint' END,
            CASE WHEN g.id IS NULL OR btrim(g.dpia_reference) = '' OR btrim(g.dpia_signed_by) = ''
                      OR g.dpia_signed_on IS NULL THEN 'dpia' END,
            CASE WHEN g.id IS NULL OR g.sending_domain = ''
                      OR lower(split_part(o.sender_address, '@', 2)) <> lower(g.sending_domain) THEN 'sender' END,
            CASE WHEN (SELECT count(*) FROM crm_membership m JOIN crm_user u ON u.id = m.user_id
                       WHERE m.organisation_id = o.id AND u.is_active AND u.password NOT LIKE '!%' {approves}) < 2
                 THEN 'approvers' END], NULL)
        FROM crm_organisation o LEFT JOIN crm_golive g ON g.organisation_id = o.id WHERE o.id = whose $$;
"""

FUNCTIONS = (
    # {approves}: a condition on those of a membership `m` who may approve.
    MISSING.format(approves="")
    + """
    -- The one test. Approvers are counted when sending is turned on: later, no text without a second person is
    -- approved anyway.
    CREATE FUNCTION crm_is_live(whose smallint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        SELECT EXISTS (SELECT FROM crm_golive g WHERE g.organisation_id = whose AND g.turned_on_at IS NOT NULL)
           AND array_remove(crm_golive_missing(whose), 'approvers') = '{}' $$;

    CREATE FUNCTION crm_own_golive_missing() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $$ SELECT crm_golive_missing(app_organisation()) $$;

    CREATE FUNCTION crm_turn_sending(is_on boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF is_on AND crm_golive_missing(app_organisation()) <> '{}' THEN
            RAISE EXCEPTION 'Sending cannot be turned on: something is missing.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        UPDATE crm_golive SET turned_on_at = CASE WHEN is_on THEN now() END,
                              turned_on_by_id = CASE WHEN is_on THEN app_user() END
        WHERE organisation_id = app_organisation() AND (turned_on_at IS NOT NULL) <> is_on;
    END $$;

    REVOKE ALL ON FUNCTION crm_golive_missing(smallint), crm_is_live(smallint), crm_own_golive_missing(),
        crm_turn_sending(boolean) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_is_live(smallint), crm_own_golive_missing(), crm_turn_sending(boolean)
        TO coalesce_staff, coalesce_platform;
"""
)
