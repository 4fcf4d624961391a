"""The wall around campaigns. Coordinated messages are out of staff's reach (R-SEC4)."""

from django.db import migrations

from crm.sql.protection import OWN, belongs, grant, guard

# The brief of a coordinated campaign belongs to all partners; each one's text and audience to itself.
SHARED = f"{OWN} OR mode = 'coordinated'"
FOR_THE_COALITION = f"""({OWN} AND mode <> 'coordinated') OR (mode = 'coordinated'
    AND organisation_id IN (SELECT o.id FROM crm_organisation o WHERE NOT o.is_partner))"""
OWN_ONLY = f"{OWN} AND NOT is_coordinated"

FUNCTIONS = """
    -- Whether every text that a campaign needs is approved; says nothing about whose is not.
    CREATE FUNCTION mailings_is_approved(campaign bigint) RETURNS boolean LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT CASE WHEN c.mode = 'coordinated'
            THEN NOT EXISTS (SELECT FROM crm_organisation o WHERE o.is_partner AND NOT EXISTS (
                SELECT FROM mailings_version v
                WHERE v.campaign_id = c.id AND v.organisation_id = o.id AND v.approved_at IS NOT NULL))
            ELSE EXISTS (SELECT FROM mailings_version v
                WHERE v.campaign_id = c.id AND v.organisation_id = c.organisation_id AND v.approved_at IS NOT NULL)
            END
        FROM mailings_campaign c WHERE c.id = campaign $$;

    -- How far a campaign is, for a progress bar: done and all, rounded to tens when coordinated.
    CREATE FUNCTION mailings_progress(campaign bigint) RETURNS TABLE (done bigint, everything bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT round(count(*) FILTER (WHERE d.status <> 0), c.digits)::bigint, round(count(*), c.digits)::bigint
        FROM (SELECT id, CASE WHEN mode = 'coordinated' THEN -1 ELSE 0 END AS digits
              FROM mailings_campaign
              WHERE id = campaign AND (mode = 'coordinated' OR organisation_id = app_organisation())) c
        LEFT JOIN mailings_delivery d ON d.campaign_id = c.id
        GROUP BY c.digits $$;

    REVOKE ALL ON FUNCTION mailings_is_approved(bigint), mailings_progress(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION mailings_is_approved(bigint), mailings_progress(bigint)
        TO coalesce_staff, coalesce_platform;

    -- An approved text is frozen: editing it takes the approval away in the same statement.
    CREATE FUNCTION mailings_freeze_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'An approved text cannot be changed: withdraw the approval first.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER frozen BEFORE UPDATE ON mailings_version FOR EACH ROW
        WHEN (OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL
              AND (OLD.subject, OLD.body, OLD.segment_id, OLD.purpose_id)
                  IS DISTINCT FROM (NEW.subject, NEW.body, NEW.segment_id, NEW.purpose_id))
        EXECUTE FUNCTION mailings_freeze_version();

    -- Whose campaign it is, and who mails, is settled when it is begun.
    CREATE FUNCTION mailings_keep_owner() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'The owner of a campaign and who mails cannot be changed: begin another.'
            USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER keep_owner BEFORE UPDATE ON mailings_campaign FOR EACH ROW
        WHEN ((OLD.organisation_id, OLD.mode) IS DISTINCT FROM (NEW.organisation_id, NEW.mode))
        EXECUTE FUNCTION mailings_keep_owner();

    CREATE SEQUENCE mailings_fencing_token;
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0001_initial"), ("crm", "0003_framework_tables")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE mailings_campaign ADD CONSTRAINT mailings_campaign_organisation
                FOREIGN KEY (organisation_id) REFERENCES crm_organisation (id);
            ALTER TABLE mailings_version ADD CONSTRAINT mailings_version_campaign
                FOREIGN KEY (campaign_id) REFERENCES mailings_campaign (id) ON DELETE CASCADE;
            ALTER TABLE mailings_chunk ADD CONSTRAINT mailings_chunk_campaign
                FOREIGN KEY (campaign_id) REFERENCES mailings_campaign (id) ON DELETE CASCADE;
            """
            + belongs("mailings_version", "segment_id", "crm_segment")
            + belongs("mailings_version", "purpose_id", "crm_purpose")
            + guard("mailings_campaign", sees=SHARED, writes=FOR_THE_COALITION)
            + guard("mailings_version")
            + guard("mailings_audience")
            + guard("mailings_delivery", sees=OWN_ONLY)
            + FUNCTIONS
            + grant("mailings_campaign", staff="SELECT, INSERT, UPDATE", keeper="SELECT")
            + grant("mailings_version", staff="SELECT, INSERT, UPDATE", keeper="SELECT")
            + grant("mailings_audience, mailings_delivery", staff="SELECT")
            + grant("mailings_chunk")
            + "GRANT MAINTAIN ON mailings_audience TO coalesce_platform;"
            + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;",
            migrations.RunSQL.noop,
        )
    ]
