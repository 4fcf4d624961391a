"""What receiving servers reported of campaigns of several organisations: counted once, after a week."""

from django.db import migrations, models

from mailings.sql.totals import FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("mailings", "0063_pace")]

    operations = [
        migrations.AddField(
            "figures",
            "delivered",
            models.IntegerField(help_text="Counted once, a week after it was done.", null=True),
        ),
        migrations.AddField("figures", "bounced", models.IntegerField(null=True)),
        migrations.AddField("figures", "complained", models.IntegerField(null=True)),
        migrations.AlterField(
            "campaignsum",
            "of",
            models.CharField(
                choices=[
                    ("decisions", "People, by the reasons why not (bits of Reason)"),
                    ("messages", "Messages, by what became of them (Delivery.Status)"),
                    (
                        "outcomes",
                        "Messages handed over, by what was reported (Delivery.Outcome)",
                    ),
                ],
                max_length=20,
            ),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
