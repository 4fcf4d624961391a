"""How many emails of an organisation's own somebody had in seven days, for the gate (decision 29)."""

from django.db import migrations

# A function, so that the plan is made once and each person's few messages are found by delivery_of_supporter. What an
# earlier campaign has still to send counts as sent, or two that are sent at one time would both go.
OF_A_WEEK = """
    CREATE FUNCTION mailings_of_a_week(who bigint, sender smallint, apart_from bigint) RETURNS bigint
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    BEGIN
        RETURN (
            SELECT count(*)
            FROM (SELECT who AS id
                  UNION ALL SELECT s.id FROM crm_supporter s WHERE s.canonical_id = who AND s.id <> s.canonical_id) e
            JOIN mailings_delivery d ON d.supporter_id = e.id
            WHERE d.organisation_id = sender AND sender = coalesce(app_organisation(), sender)
              AND NOT d.is_coordinated AND d.campaign_id <> apart_from
              AND (d.status IN (1, 4, 5) AND d.settled_at > now() - interval '7 days'
                   OR d.status IN (0, 7) AND d.campaign_id < apart_from));
    END $$;
    REVOKE ALL ON FUNCTION mailings_of_a_week FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION mailings_of_a_week TO coalesce_staff, coalesce_platform;
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0066_elections"), ("crm", "0079_most_a_week")]

    operations = [
        migrations.RunSQL(OF_A_WEEK, "DROP FUNCTION mailings_of_a_week"),
    ]
