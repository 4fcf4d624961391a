"""The sums that are kept of a campaign when who got it is not any more."""

import django.db.models.deletion
from django.db import migrations, models

from crm.sql.branches import narrow
from crm.sql.protection import grant, guard, owned

WALL = (
    owned(["mailings_campaignsum"])
    + guard("mailings_campaignsum")
    + grant("mailings_campaignsum", staff="SELECT")
    + narrow("mailings_campaignsum", "false")
    + """
    ALTER TABLE mailings_campaignsum ADD CONSTRAINT mailings_campaignsum_campaign
        FOREIGN KEY (campaign_id) REFERENCES mailings_campaign (id) ON DELETE CASCADE;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;
    """
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0042_rights_wall"),
        ("mailings", "0034_branches"),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignSum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("decisions", "People, by the reasons why not (bits of Reason)"),
                            ("messages", "Messages, by what became of them (Delivery.Status)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("code", models.BigIntegerField()),
                ("people", models.IntegerField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mailings.campaign",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("campaign", "organisation", "of", "code"), name="one_sum"
                    )
                ],
            },
        ),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
