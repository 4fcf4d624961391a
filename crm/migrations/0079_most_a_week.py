"""How many emails an organisation sends to one person in seven days at the most."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0078_topics_of_lists")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="most_a_week",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="How many of your emails one person gets in seven days at the most.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(50),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("most_a_week__isnull", True), ("most_a_week__range", (1, 50)), _connector="OR"
                ),
                name="most_a_week_is_some",
            ),
        ),
    ]
