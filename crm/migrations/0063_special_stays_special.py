"""A role that is special-category data stays so: else one admin lets every organisation keep it without agreement."""

from django.db import migrations

SQL = """
    CREATE FUNCTION crm_keep_special() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'A special role stays special, and a role keeps its code.'
            USING ERRCODE = 'insufficient_privilege';
    END $$;
    REVOKE ALL ON FUNCTION crm_keep_special() FROM PUBLIC;
    CREATE TRIGGER keep_special BEFORE UPDATE ON crm_role FOR EACH ROW
        WHEN (current_user NOT IN ('coalesce_platform', 'coalesce_owner')
              AND (OLD.code <> NEW.code OR (OLD.is_special AND NOT NEW.is_special)))
        EXECUTE FUNCTION crm_keep_special();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0062_accounts_of_others")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
