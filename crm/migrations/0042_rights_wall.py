"""The wall around cases and erasures, the log that only grows, and what the database hands to the journal."""

import json
from pathlib import Path

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.sql.branches import narrow
from crm.sql.protection import belongs, grant, guard, owned

WALL = (
    owned(["crm_case", "crm_retentionreport"])
    + belongs("crm_case", "supporter_id", "crm_supporter")
    + belongs("crm_casenote", "case_id", "crm_case")
    + belongs("crm_pack", "case_id", "crm_case")
    + belongs("crm_pack", "supporter_id", "crm_supporter")
    + belongs("crm_erasure", "case_id", "crm_case")
    + belongs("crm_erasure", "supporter_id", "crm_supporter")
    + "".join(
        guard(table)
        for table in (
            "crm_case",
            "crm_casenote",
            "crm_pack",
            "crm_erasure",
            "crm_retentionreport",
        )
    )
    + grant("crm_case", staff="SELECT, INSERT, UPDATE", keeper="SELECT, INSERT")
    + grant("crm_casenote", staff="SELECT, INSERT", keeper="SELECT, INSERT")
    + grant("crm_pack, crm_erasure", staff="SELECT, INSERT")
    + grant("crm_retentionreport", staff="SELECT, UPDATE")
    + grant("crm_bankholiday, crm_journalmark", staff="SELECT", keeper="SELECT")
    # Who looks after one branch has no part in requests, which are about a person wherever they are.
    + "".join(
        narrow(table, "false")
        for table in (
            "crm_case",
            "crm_casenote",
            "crm_pack",
            "crm_erasure",
            "crm_retentionreport",
        )
    )
    + grant("crm_waitingrefusal")
    # An erasure empties what the log of the reference tables says of somebody.
    + "GRANT SELECT, UPDATE ON django_admin_log TO coalesce_platform;"
    + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;"
)

LOG = """
    -- A log that could be rewritten proves nothing. Erasure may empty what people wrote.
    CREATE FUNCTION crm_log_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.words = '' AND NOT OLD.is_log AND to_jsonb(NEW) - 'words' = to_jsonb(OLD) - 'words' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'The log of a case is append-only: add a note instead.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER log_grows BEFORE UPDATE ON crm_casenote FOR EACH ROW EXECUTE FUNCTION crm_log_grows();
"""

# Whoever writes a refusal hands it to the journal in the same transaction, without being able to read it.
JOURNAL = """
    CREATE FUNCTION crm_hand_refusals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO crm_waitingrefusal (organisation_code, mailbox, purpose_code, action, flag, entry, at)
        SELECT o.code, a.mailbox, coalesce(p.code, ''), a.action, '', CASE a.action WHEN 8 THEN s.public_id END,
               coalesce(a.occurred_until, a.recorded_at)
        FROM added a JOIN crm_organisation o ON o.id = a.organisation_id
        LEFT JOIN crm_purpose p ON p.id = a.purpose_id
        LEFT JOIN crm_supporter s ON s.id = a.supporter_id
        WHERE a.action BETWEEN 2 AND 8 AND (a.mailbox IS NOT NULL OR a.action = 8);
        RETURN NULL;
    END $$;
    CREATE TRIGGER hand_refusals AFTER INSERT ON crm_consentevent REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION crm_hand_refusals();

    CREATE FUNCTION crm_hand_platform_stop() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO crm_waitingrefusal (organisation_code, mailbox, purpose_code, action, flag, at)
        VALUES ('', NEW.mailbox, '', 7, '', NEW.stopped_at);
        RETURN NULL;
    END $$;
    CREATE TRIGGER hand_stop AFTER INSERT OR UPDATE OF stopped_at ON crm_platformstop
        FOR EACH ROW EXECUTE FUNCTION crm_hand_platform_stop();

    -- Who asked us not to use their details, and who has died, must not be written to after a restore either.
    CREATE FUNCTION crm_hand_flag() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO crm_waitingrefusal (organisation_code, purpose_code, flag, entry, at)
        SELECT o.code, '', f.flag, NEW.public_id, now()
        FROM crm_organisation o, unnest(ARRAY[
            CASE WHEN NEW.restricted AND NOT OLD.restricted THEN 'restricted' END,
            CASE WHEN OLD.restricted AND NOT NEW.restricted THEN 'unrestricted' END,
            CASE WHEN NEW.deceased AND NOT OLD.deceased THEN 'deceased' END]) AS f(flag)
        WHERE o.id = NEW.organisation_id AND f.flag IS NOT NULL;
        RETURN NULL;
    END $$;
    CREATE TRIGGER hand_flag AFTER UPDATE OF restricted, deceased ON crm_supporter
        FOR EACH ROW WHEN ((OLD.restricted, OLD.deceased) IS DISTINCT FROM (NEW.restricted, NEW.deceased))
        EXECUTE FUNCTION crm_hand_flag();

    INSERT INTO crm_journalmark (id, line) VALUES (1, 0);
    -- What was refused before there was a journal.
    INSERT INTO crm_waitingrefusal (organisation_code, mailbox, purpose_code, action, flag, at)
    SELECT o.code, e.mailbox, coalesce(p.code, ''), e.action, '', coalesce(e.occurred_until, e.recorded_at)
    FROM crm_consentevent e JOIN crm_organisation o ON o.id = e.organisation_id
    LEFT JOIN crm_purpose p ON p.id = e.purpose_id
    WHERE e.action BETWEEN 2 AND 8 AND e.mailbox IS NOT NULL
    UNION ALL SELECT '', mailbox, '', 7, '', stopped_at FROM crm_platformstop;
"""


def load_holidays(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put in the bank holidays that were known; the command load_bank_holidays adds later years."""
    model = apps.get_model("crm", "BankHoliday")
    known = Path(__file__).resolve().parents[1] / "holidays.json"
    days = json.loads(known.read_text(encoding="utf-8"))
    model.objects.bulk_create(model(day=day, name=name) for day, name in days.items())


class Migration(migrations.Migration):
    dependencies = [("crm", "0041_keeping")]

    operations = [
        *(migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (WALL, LOG, JOURNAL)),
        migrations.RunPython(load_holidays, migrations.RunPython.noop),
    ]
