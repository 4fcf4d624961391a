"""A request reaches its own session and nobody else's (crm/sessions.py names it)."""

from django.db import migrations

SQL = """
    ALTER TABLE django_session ENABLE ROW LEVEL SECURITY;
    ALTER TABLE django_session FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON django_session TO coalesce_visitor, coalesce_staff, coalesce_keeper
        USING (session_key = (SELECT current_setting('app.session', true)));
    CREATE POLICY platform ON django_session TO coalesce_platform, coalesce_owner USING (true);
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0031_golive")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
