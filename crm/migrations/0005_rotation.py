"""Which chain of secrets made the hashes, and the one change to the ledger: a rotation (decision 0004).

And how often somebody tried to sign in.
"""

from django.apps.registry import Apps
from django.core.exceptions import ImproperlyConfigured
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm import hashing
from crm.sql.protection import names_the_chain

LEDGER = """
    -- A rotation hashes the hashes once more and changes nothing else of an event; only the migrations' owner can,
    -- at its own login, and only in a transaction that says so.
    CREATE OR REPLACE FUNCTION crm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND current_setting('app.rotation', true) = 'on'
            AND session_user = 'coalesce_owner' AND current_user = 'coalesce_owner'
        THEN
            IF (OLD.mailbox IS NULL) = (NEW.mailbox IS NULL) AND (OLD.address_key IS NULL) = (NEW.address_key IS NULL)
            THEN
                OLD.mailbox := NEW.mailbox;
                OLD.address_key := NEW.address_key;
            END IF;
            IF OLD IS NOT DISTINCT FROM NEW THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'Consent events are append-only: record a correction instead.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
"""

CHAIN = """
    GRANT SELECT ON crm_hashchain TO coalesce_platform;
    -- A process that was not restarted after a rotation would write hashes that match nothing.
    CREATE FUNCTION crm_check_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF EXISTS (SELECT FROM added a WHERE a.key_id <> ''
                   AND a.key_id IS DISTINCT FROM (SELECT c.key_id FROM crm_hashchain c))
        THEN
            RAISE EXCEPTION 'The hash key was rotated: restart every process with the new COALESCE_HASH_KEY.'
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        RETURN NULL;
    END $$;
"""


def note_chain(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write down the configured chain, which has made every hash so far."""
    chain = hashing.configured()
    if not all(chain.keys):
        raise ImproperlyConfigured("COALESCE_HASH_KEY is missing: the database notes whose it is.")
    apps.get_model("crm", "HashChain").objects.create(key_id=chain.newest, proof=chain.proof)


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_roles")]

    operations = [
        migrations.CreateModel(
            name="HashChain",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("key_id", models.CharField(max_length=20)),
                (
                    "proof",
                    models.BinaryField(
                        help_text="What a known text hashes to: tells two chains apart.",
                        max_length=16,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_hash_chain")
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInTries",
            fields=[
                (
                    "bucket",
                    models.BinaryField(max_length=16, primary_key=True, serialize=False),
                ),
                ("tries", models.IntegerField()),
                ("since", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["since"], name="sign_in_tries_over")],
            },
        ),
        migrations.RunSQL(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON crm_signintries TO coalesce_visitor, coalesce_platform;",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(note_chain, migrations.RunPython.noop),
        migrations.RunSQL(LEDGER + CHAIN, migrations.RunSQL.noop),
        migrations.RunSQL(
            names_the_chain("crm_addresskey") + names_the_chain("crm_platformstop"),
            migrations.RunSQL.noop,
        ),
    ]
