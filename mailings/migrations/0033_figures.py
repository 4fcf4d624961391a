"""Totals of campaigns of several organisations: counted once, rounded, hidden under ten (R-SEC4)."""

import django.db.models.deletion
from django.db import migrations, models

from mailings.sql.figures import FUNCTIONS

SQL = FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [
        ("mailings", "0032_messages"),
        ("crm", "0033_steward"),
    ]

    operations = [
        migrations.CreateModel(
            name="Figures",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="mailings.campaign",
                    ),
                ),
                ("messages", models.IntegerField()),
                (
                    "overlap",
                    models.IntegerField(
                        help_text="Inboxes that several organisations could have mailed."
                    ),
                ),
                ("sent", models.IntegerField()),
                ("refused", models.IntegerField(help_text="By the mail server.")),
                ("counted_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
