"""Officers see the messages, and who was meant, of their own branch."""

from django.db import migrations

from crm.sql.branches import OF_THE_BRANCH, narrow, of_supporter

SQL = (
    of_supporter("mailings_audience")
    + narrow("mailings_version", "false")
    + f"""
    CREATE OR REPLACE VIEW mailings_message WITH (security_barrier) AS
        SELECT id, organisation_id, campaign_id, supporter_id, is_personal, status, reasons, detail, settled_at
        FROM mailings_delivery
        WHERE organisation_id = (SELECT app_organisation()) AND NOT is_coordinated AND {OF_THE_BRANCH};
    """
)


class Migration(migrations.Migration):
    dependencies = [("mailings", "0033_figures"), ("crm", "0035_branches")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
