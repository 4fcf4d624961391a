"""An export may be of people whom another app knows, such as those whose email came back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0080_pictures_of_wordings")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="group",
            field=models.CharField(
                blank=True,
                default="",
                help_text="People that another app knows (crm/exportable.py).",
                max_length=80,
            ),
            preserve_default=False,
        )
    ]
