"""Nobody signs in as somebody else's colleague: not by an account made in their name, not by changing theirs.

Whoever invites gets the link that sets the first password. An admin of the coalition could so make an account for an
address of a partner's staff, keep its password, and wait until that partner invites the address.
"""

from django.db import migrations

SQL = """
    CREATE OR REPLACE FUNCTION crm_account_for(address text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE found bigint;
    BEGIN
        INSERT INTO crm_user (email, name, password, is_active, created_at)
        VALUES (address, '', '!', true, now()) ON CONFLICT (email) DO NOTHING;
        -- Who works nowhere starts anew: whoever made the account may know its password, or have its link.
        UPDATE crm_user u SET password = '!' || gen_random_uuid()
        WHERE u.email = address AND NOT u.is_steward
          AND NOT EXISTS (SELECT FROM crm_membership m WHERE m.user_id = u.id);
        SELECT id INTO found FROM crm_user WHERE email = address;
        RETURN found;
    END $$;

    -- Whoever sets the first password of an account gets all its roles. While one organisation's invitation is open,
    -- another's would let each into the other's list; and what a colleague at the coalition set opens no partner's.
    CREATE OR REPLACE FUNCTION crm_is_invited_elsewhere(account bigint) RETURNS boolean LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT EXISTS (SELECT FROM crm_user u JOIN crm_membership m ON m.user_id = u.id
            WHERE u.id = account AND m.organisation_id IS DISTINCT FROM app_organisation()
              AND (u.password LIKE '!%' OR (NOT m.in_partner AND EXISTS (
                  SELECT FROM crm_organisation o WHERE o.id = app_organisation() AND o.is_partner)))) $$;

    -- Colleagues are seen; an account is changed by its owner, who is signed in, or signing in (the visitor's role).
    CREATE POLICY own_account ON crm_user AS RESTRICTIVE FOR UPDATE TO coalesce_staff
        USING (id = (SELECT app_user()));
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0061_functions_out_of_reach")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
