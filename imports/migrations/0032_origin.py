"""Where a list that looks like a partner's comes from, in the words of who imported it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0031_branches"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="origin",
            field=models.CharField(
                blank=True,
                help_text="Where a list that looks like another partner's comes from, in an admin's words.",
                max_length=500,
            ),
        ),
    ]
