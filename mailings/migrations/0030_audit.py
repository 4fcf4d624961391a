"""What staff do to campaigns and their texts is noted (R-SEC8)."""

from django.db import migrations

from crm.sql.auditing import audit


class Migration(migrations.Migration):
    dependencies = [("mailings", "0020_invitation"), ("crm", "0030_audit")]

    operations = [
        migrations.RunSQL(
            audit("mailings_campaign", staff_only=True)
            + audit("mailings_version", staff_only=True),
            migrations.RunSQL.noop,
        )
    ]
