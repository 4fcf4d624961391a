"""Who is yet to be matched: a queue that triggers fill, and the models that are learnt from the lists."""

from django.db import migrations, models

# Whoever comes, changes a name, a postcode or a number, or gets an address is compared anew. A statement of many rows
# fires once; a change of anything else fires nothing. Tickets are only ever added, so that nobody waits for anybody.
QUEUE = """
    CREATE FUNCTION crm_unmatch_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_TABLE_NAME = 'crm_supporter' THEN
            INSERT INTO crm_unmatched (supporter_id) SELECT id FROM added;
        ELSE
            INSERT INTO crm_unmatched (supporter_id) SELECT DISTINCT supporter_id FROM added;
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION crm_unmatch_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO crm_unmatched (supporter_id) VALUES (NEW.id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER unmatched_added AFTER INSERT ON crm_supporter REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION crm_unmatch_added();
    CREATE TRIGGER unmatched_added AFTER INSERT ON crm_contactpoint REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION crm_unmatch_added();
    CREATE TRIGGER unmatched_changed AFTER UPDATE ON crm_supporter FOR EACH ROW
        WHEN ((OLD.first_name, OLD.last_name, OLD.postcode_fold, OLD.external_id)
              IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.postcode_fold, NEW.external_id))
        EXECUTE FUNCTION crm_unmatch_changed();
    REVOKE ALL ON FUNCTION crm_unmatch_added(), crm_unmatch_changed() FROM PUBLIC;
    INSERT INTO crm_unmatched (supporter_id) SELECT id FROM crm_supporter WHERE erased_at IS NULL;
"""
REACH = """
    ALTER TABLE crm_unmatched ENABLE ROW LEVEL SECURITY;
    ALTER TABLE crm_unmatched FORCE ROW LEVEL SECURITY;
    CREATE POLICY platform ON crm_unmatched TO coalesce_platform, coalesce_owner USING (true);
    GRANT SELECT, DELETE, MAINTAIN ON crm_unmatched TO coalesce_platform;
    GRANT SELECT, INSERT ON crm_matchingmodel TO coalesce_platform;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_platform;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0072_joins_of_decisions")]

    operations = [
        migrations.CreateModel(
            name="MatchingModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="The beginning of a hash of the body.", max_length=16
                    ),
                ),
                ("body", models.TextField(help_text="As crm/matching/model.py writes it.")),
                ("learnt_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Unmatched",
            fields=[
                ("ticket", models.BigAutoField(primary_key=True, serialize=False)),
                ("supporter_id", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(REACH, migrations.RunSQL.noop),
        migrations.RunSQL(QUEUE, migrations.RunSQL.noop),
    ]
