"""Staged rows take hashes of the database's own chain of secrets only."""

from django.db import migrations

from crm.sql.protection import names_the_chain


class Migration(migrations.Migration):
    dependencies = [("imports", "0002_wall"), ("crm", "0005_rotation")]

    operations = [
        migrations.RunSQL(names_the_chain("imports_stagedrow"), migrations.RunSQL.noop),
    ]
