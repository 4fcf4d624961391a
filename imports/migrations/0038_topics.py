"""The topics of a row."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0037_relationship"),
    ]

    operations = [
        migrations.AddField(
            model_name="stagedrow",
            name="topics",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), db_default=[], default=list, size=None
            ),
        ),
    ]
