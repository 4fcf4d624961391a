"""Finds those who objected, whom no segment counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0012_seals"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="consentstate",
            index=models.Index(
                condition=models.Q(("refusal", 6)),
                fields=["organisation", "contact_point"],
                name="state_objected",
            ),
        ),
    ]
