"""Rows of people who were erased are left out of an import."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0003_hash_chain"),
    ]

    operations = [
        migrations.AddField(
            model_name="stagedrow",
            name="erased",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Removed at the person's request: no profile comes of it.",
            ),
        ),
        migrations.AlterField(
            model_name="stagedrow",
            name="outcome",
            field=models.SmallIntegerField(
                choices=[
                    (1, "New people"),
                    (2, "People we have, with something new"),
                    (3, "People we have, nothing new"),
                    (4, "Repeated inside the file"),
                    (5, "Rows with a mistake, left out"),
                    (6, "Removed at the person’s request, left out"),
                ],
                null=True,
            ),
        ),
    ]
