"""What matching prepared is kept from run to run; triggers say who is read anew, and empty it when somebody leaves."""

from django.db import migrations, models

# Who is joined, parted, restricted or loses an address is read anew; who is free again or has an address back is
# compared, too. A supporter who is erased or deleted leaves no trace in what was prepared: all of it goes.
READ_ANEW = """
    CREATE FUNCTION crm_forget_prepared() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        LOCK TABLE crm_prepared IN ROW EXCLUSIVE MODE; -- before the next statement takes its snapshot
        DELETE FROM crm_prepared;
    END $$;
    CREATE FUNCTION crm_read_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_TABLE_NAME = 'crm_contactpoint' THEN
            INSERT INTO crm_unmatched (supporter_id, compares)
            VALUES (NEW.supporter_id, NEW.retired_at IS NULL);
            RETURN NULL;
        END IF;
        INSERT INTO crm_unmatched (supporter_id, compares)
        VALUES (NEW.id, OLD.restricted AND NOT NEW.restricted), (OLD.canonical_id, false);
        IF NEW.erased_at IS NOT NULL THEN
            PERFORM crm_forget_prepared();
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION crm_read_anew_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM gone) THEN
            RETURN NULL;
        END IF;
        IF TG_TABLE_NAME = 'crm_contactpoint' THEN
            INSERT INTO crm_unmatched (supporter_id, compares) SELECT DISTINCT supporter_id, false FROM gone;
        ELSE
            INSERT INTO crm_unmatched (supporter_id, compares) SELECT id, false FROM gone;
            PERFORM crm_forget_prepared();
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER read_anew AFTER UPDATE ON crm_supporter FOR EACH ROW
        WHEN ((OLD.canonical_id, OLD.restricted, OLD.erased_at IS NULL)
              IS DISTINCT FROM (NEW.canonical_id, NEW.restricted, NEW.erased_at IS NULL))
        EXECUTE FUNCTION crm_read_anew();
    CREATE TRIGGER read_anew AFTER UPDATE ON crm_contactpoint FOR EACH ROW
        WHEN ((OLD.folded, OLD.retired_at IS NULL) IS DISTINCT FROM (NEW.folded, NEW.retired_at IS NULL))
        EXECUTE FUNCTION crm_read_anew();
    CREATE TRIGGER read_anew_deleted AFTER DELETE ON crm_supporter REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION crm_read_anew_deleted();
    CREATE TRIGGER read_anew_deleted AFTER DELETE ON crm_contactpoint REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION crm_read_anew_deleted();
    REVOKE ALL ON FUNCTION crm_forget_prepared(), crm_read_anew(), crm_read_anew_deleted() FROM PUBLIC;
"""
# The bodies are compressed already.
REACH = """
    ALTER TABLE crm_prepared ALTER body SET STORAGE EXTERNAL;
    ALTER TABLE crm_prepared ENABLE ROW LEVEL SECURITY;
    ALTER TABLE crm_prepared FORCE ROW LEVEL SECURITY;
    CREATE POLICY platform ON crm_prepared TO coalesce_platform, coalesce_owner USING (true);
    GRANT SELECT, INSERT, DELETE ON crm_prepared TO coalesce_platform;
    GRANT USAGE ON SEQUENCE crm_prepared_id_seq TO coalesce_platform;
    GRANT MAINTAIN ON crm_link TO coalesce_platform;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0082_indexes_that_nothing_asks")]

    operations = [
        migrations.CreateModel(
            name="Prepared",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("layer", models.IntegerField()),
                (
                    "forms",
                    models.CharField(
                        help_text="The beginning of a hash of the code that made it.", max_length=16
                    ),
                ),
                ("body", models.BinaryField(help_text="A Parquet file.")),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="unmatched",
            name="compares",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.RunSQL(REACH, migrations.RunSQL.noop),
        migrations.RunSQL(READ_ANEW, migrations.RunSQL.noop),
    ]
