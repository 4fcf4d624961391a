"""Of two acts about one inbox at one time neither is overlooked: the second waits for the first."""

from django.db import migrations

from crm.sql.holding import FUNCTIONS

PARTNER_STOPS = """
    CREATE OR REPLACE FUNCTION crm_stop_joint_mail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE joint smallint;
    BEGIN
        SELECT o.id INTO joint FROM crm_organisation o
        WHERE NOT o.is_partner AND EXISTS (
            SELECT FROM crm_organisation p WHERE p.id = NEW.organisation_id AND p.is_partner);
        IF joint IS NOT NULL THEN
            PERFORM crm_hold_inbox(NEW.mailbox);
            INSERT INTO crm_consentevent (organisation_id, reach, action, channel, source, source_detail, mailbox,
                                          occurred_at, occurred_until, recorded_at, act_id)
            VALUES (joint, 3, 5, NEW.channel, 1, '', NEW.mailbox,
                    NEW.occurred_at, NEW.occurred_until, NEW.recorded_at, NEW.act_id);
            UPDATE crm_consentstate s SET refused_at = NEW.recorded_at, refusal = 5, refusal_scope = 3
            FROM crm_addresskey k
            WHERE k.mailbox = NEW.mailbox AND k.organisation_id = joint AND s.contact_point_id = k.contact_point_id
              AND (s.granted_at IS NULL OR s.granted_at <= NEW.recorded_at);
        END IF;
        RETURN NULL;
    END $$;
"""
STOP_EVERYTHING = """
    CREATE OR REPLACE FUNCTION crm_stop_everything(inbox bytea, secret text, act uuid, detail text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM crm_hold_inbox(inbox);
        INSERT INTO crm_platformstop (mailbox, key_id, stopped_at) VALUES (inbox, secret, now())
        ON CONFLICT (mailbox) DO UPDATE SET stopped_at = EXCLUDED.stopped_at;
        INSERT INTO crm_consentevent (organisation_id, reach, action, source, source_detail, mailbox,
                                      occurred_at, occurred_until, recorded_at, act_id)
        SELECT DISTINCT k.organisation_id, 3, 7, 1, detail, inbox, now(), now(), now(), act
        FROM crm_addresskey k WHERE k.mailbox = inbox;
        UPDATE crm_consentstate s SET refused_at = now(), refusal = 7, refusal_scope = 3
        FROM crm_addresskey k WHERE k.mailbox = inbox AND s.contact_point_id = k.contact_point_id;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0050_frozen_wordings")]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (FUNCTIONS, PARTNER_STOPS, STOP_EVERYTHING)
    ]
