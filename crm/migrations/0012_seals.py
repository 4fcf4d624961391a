"""Seals over the ledger, which nobody changes; the platform alone reads and writes them."""

from django.db import migrations, models

PROTECTION = """
    GRANT SELECT, INSERT ON crm_seal TO coalesce_platform;
    GRANT SELECT, INSERT, UPDATE, DELETE ON crm_sealmark TO coalesce_platform;
    GRANT USAGE ON SEQUENCE crm_seal_id_seq TO coalesce_platform;

    CREATE FUNCTION crm_keep_seals() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'A seal is never changed or taken away.' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    -- A rotation of the hash key digests the hashes anew, and nothing else.
    CREATE TRIGGER keep_seals BEFORE UPDATE ON crm_seal FOR EACH ROW
        WHEN ((OLD.through, OLD.events, OLD.digest, OLD.sealed_at)
              IS DISTINCT FROM (NEW.through, NEW.events, NEW.digest, NEW.sealed_at))
        EXECUTE FUNCTION crm_keep_seals();
    CREATE TRIGGER keep_every_seal BEFORE DELETE ON crm_seal FOR EACH ROW EXECUTE FUNCTION crm_keep_seals();
    CREATE TRIGGER keep_all_seals BEFORE TRUNCATE ON crm_seal FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_seals();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0011_partner_stops"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "through",
                    models.BigIntegerField(
                        help_text="The highest event id that it covers.", unique=True
                    ),
                ),
                ("events", models.BigIntegerField()),
                ("digest", models.BinaryField(max_length=32)),
                ("hashes", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="SealMark",
            fields=[
                ("through", models.BigIntegerField(primary_key=True, serialize=False)),
                ("horizon", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.RunSQL(PROTECTION, migrations.RunSQL.noop),
    ]
