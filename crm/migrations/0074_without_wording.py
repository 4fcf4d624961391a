"""How many rows of an import wait for the wording they were brought without."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0073_unmatched"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="without_wording",
            field=models.PositiveIntegerField(
                default=0, help_text="Rows that say yes to words which nobody had at hand."
            ),
        ),
    ]
