"""Imports are about the whole organisation: officers of a branch see none."""

from django.db import migrations

from crm.sql.branches import narrow

SQL = "".join(
    narrow(table, "false") for table in ("imports_import", "imports_problem", "imports_stagedrow")
)


class Migration(migrations.Migration):
    dependencies = [("imports", "0030_audit"), ("crm", "0035_branches")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
