"""Staged rows are written once: who they are is worked out in a table of the transaction's own."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0033_undo"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="stagedrow",
            name="erased",
        ),
        migrations.RemoveField(
            model_name="stagedrow",
            name="outcome",
        ),
        migrations.RemoveField(
            model_name="stagedrow",
            name="same_as",
        ),
        migrations.RemoveField(
            model_name="stagedrow",
            name="supporter_id",
        ),
        migrations.AddField(
            model_name="stagedrow",
            name="terms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(),
                default=list,
                help_text="What the row alone is found by.",
                size=None,
            ),
        ),
    ]
