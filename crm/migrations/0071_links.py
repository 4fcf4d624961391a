"""Linking people across organisations, by the platform and the steward alone; a stop reaches all of a person."""

from django.db import migrations

from crm.sql.linking import FUNCTIONS, STEWARD, STOP_PERSON


class Migration(migrations.Migration):
    dependencies = [("crm", "0070_matches")]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (FUNCTIONS, STOP_PERSON, STEWARD)
    ]
