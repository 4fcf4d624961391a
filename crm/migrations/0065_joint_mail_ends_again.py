"""Who tells a partner to stop that was stopped already may have joined the joint list since: that ends, too."""

from django.db import migrations

SQL = """
    -- Writes nothing if the joint list has no yes since it was last stopped, and tells nobody which it was.
    CREATE FUNCTION crm_end_joint_mail(inbox bytea, act uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE joint smallint;
    BEGIN
        SELECT o.id INTO joint FROM crm_organisation o WHERE NOT o.is_partner;
        PERFORM crm_hold_inbox(inbox);
        IF EXISTS (SELECT FROM crm_consentevent y
                   WHERE y.organisation_id = joint AND y.mailbox = inbox AND y.action = 1 AND y.source <> 3
                     AND y.id > coalesce((SELECT max(s.id) FROM crm_consentevent s
                                          WHERE s.organisation_id = joint AND s.mailbox = inbox AND s.reach = 3
                                            AND s.action = 5 AND s.purpose_id IS NULL), 0))
        THEN
            INSERT INTO crm_consentevent (organisation_id, reach, action, source, source_detail, mailbox,
                                          occurred_at, occurred_until, recorded_at, act_id)
            VALUES (joint, 3, 5, 1, '', inbox, clock_timestamp(), clock_timestamp(), clock_timestamp(), act);
            UPDATE crm_consentstate s SET refused_at = clock_timestamp(), refusal = 5, refusal_scope = 3
            FROM crm_addresskey k
            WHERE k.mailbox = inbox AND k.organisation_id = joint AND s.contact_point_id = k.contact_point_id;
        END IF;
    END $$;
    REVOKE ALL ON FUNCTION crm_end_joint_mail(bytea, uuid) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_end_joint_mail(bytea, uuid) TO coalesce_keeper, coalesce_platform;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0064_stops_before_the_coalition")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
