"""What staff do to imports is noted (R-SEC8); the counts that workers write are not."""

from django.db import migrations

from crm.sql.auditing import audit


class Migration(migrations.Migration):
    dependencies = [("imports", "0010_erased"), ("crm", "0030_audit")]

    operations = [
        migrations.RunSQL(
            audit("imports_import", staff_only=True, hides="counts,digest,file"),
            migrations.RunSQL.noop,
        )
    ]
