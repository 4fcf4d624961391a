"""The words by which a subject gives membership away (R-SEC7), as data of each organisation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0042_rights_wall")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="telling_words",
            field=models.CharField(
                blank=True,
                default="member, members, membership, union",
                help_text="Words in a subject that give somebody’s membership away (R-SEC7).",
                max_length=500,
            ),
        ),
    ]
