"""By whose relay a campaign leaves: what several organisations send, by the platform's alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailings", "0064_totals")]

    operations = [
        migrations.AddField(
            "campaign",
            "route",
            models.CharField(
                choices=[("platform", "The platform’s"), ("own", "The organisation’s own")],
                default="platform",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            "campaign",
            models.CheckConstraint(
                condition=models.Q(("mode", "own"), ("route", "platform"), _connector="OR"),
                name="together_by_the_platform",
            ),
        ),
        migrations.AlterField(
            "delivery",
            "status",
            models.SmallIntegerField(
                choices=[
                    (0, "Waiting"),
                    (1, "Handed over"),
                    (2, "Left out at the last moment"),
                    (3, "Refused by the mail server"),
                    (4, "May have been sent"),
                    (5, "May have been sent, and is not sent again"),
                    (6, "Not sent: the campaign was called off"),
                    (7, "Being handed over"),
                ],
                default=0,
            ),
        ),
    ]
