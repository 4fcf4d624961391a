"""What partners were told before there was a joint list holds for it, too (docs/explanation/consent.md, "Joint")."""

from django.db import migrations

SQL = """
    CREATE FUNCTION crm_bring_partner_stops() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        -- As crm_stop_joint_mail writes them from then on.
        INSERT INTO crm_consentevent (organisation_id, reach, action, channel, source, source_detail, mailbox,
                                      occurred_at, occurred_until, recorded_at, act_id)
        SELECT DISTINCT ON (e.mailbox, e.act_id) NEW.id, 3, 5, e.channel, 1, '', e.mailbox,
               e.occurred_at, e.occurred_until, e.recorded_at, e.act_id
        FROM crm_consentevent e JOIN crm_organisation p ON p.id = e.organisation_id AND p.is_partner
        WHERE e.action IN (5, 6) AND e.source IN (1, 2) AND e.purpose_id IS NULL AND e.mailbox IS NOT NULL
          AND (e.channel IS NULL OR e.channel = 1)
        ORDER BY e.mailbox, e.act_id, e.id;
        RETURN NULL;
    END $$;
    REVOKE ALL ON FUNCTION crm_bring_partner_stops() FROM PUBLIC;
    CREATE TRIGGER bring_partner_stops AFTER INSERT ON crm_organisation FOR EACH ROW
        WHEN (NOT NEW.is_partner) EXECUTE FUNCTION crm_bring_partner_stops();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0063_special_stays_special")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
