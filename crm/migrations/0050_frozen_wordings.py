"""A wording stays as it was shown: no role changes or deletes it once the transaction that made it is over.

Neither its words nor which organisations and types of email they name: a yes rests on all of it (invariant I8).
"""

from django.db import migrations

from crm.sql.auditing import audit

TABLES = ("crm_statement", "crm_statement_organisations", "crm_statement_purposes")
SQL = """
    -- The transaction that made a wording may still write what belongs to it; a later one may not. Not "once it is
    -- used": that would be a search of the whole ledger, and between two looks somebody may have read it.
    ALTER TABLE crm_statement ADD COLUMN made_in xid8 NOT NULL DEFAULT pg_current_xact_id();

    CREATE FUNCTION crm_keep_wording() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE
        -- The wordings that the row hangs on, before and after; a wording hangs on itself.
        named text := CASE TG_TABLE_NAME WHEN 'crm_statement' THEN 'id' ELSE 'statement_id' END;
        before bigint := CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN (to_jsonb(OLD)->>named)::bigint END;
        after bigint := CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN (to_jsonb(NEW)->>named)::bigint END;
    BEGIN
        IF TG_OP <> 'TRUNCATE' AND NOT EXISTS (
            SELECT FROM crm_statement s
            WHERE s.id IN (before, after) AND s.made_in <> pg_current_xact_id())
        THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
        RAISE EXCEPTION 'A wording stays as it was shown: add a new version instead.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER keep_wording BEFORE UPDATE OR DELETE ON crm_statement
        FOR EACH ROW EXECUTE FUNCTION crm_keep_wording();
    CREATE TRIGGER keep_wording BEFORE INSERT OR UPDATE OR DELETE ON crm_statement_organisations
        FOR EACH ROW EXECUTE FUNCTION crm_keep_wording();
    CREATE TRIGGER keep_wording BEFORE INSERT OR UPDATE OR DELETE ON crm_statement_purposes
        FOR EACH ROW EXECUTE FUNCTION crm_keep_wording();
    REVOKE DELETE ON crm_statement, crm_statement_organisations, crm_statement_purposes FROM coalesce_staff;
    DROP TRIGGER audit ON crm_statement;
"""
WHOLE = "".join(
    f"CREATE TRIGGER keep_all_wordings BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_wording();"
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("crm", "0050_telling_words")]

    operations = [
        migrations.RunSQL(
            SQL + WHOLE + audit("crm_statement", staff_only=False, hides="made_in"),
            migrations.RunSQL.noop,
        )
    ]
