"""What mail servers report of messages, and what became of each message by it."""

import django.db.models.deletion
from django.db import migrations, models

from crm.sql.branches import OF_THE_BRANCH

OUTCOMES = [
    (0, "Nothing reported yet"),
    (1, "Delayed by the receiving server"),
    (2, "Delivered"),
    (3, "Held back by the mail service"),
    (4, "Came back"),
    (5, "Unsubscribed in their mail program"),
    (6, "Marked as spam"),
]

SQL = f"""
    -- Mail services add what they report; only the platform's workers read it.
    ALTER TABLE mailings_event ENABLE ROW LEVEL SECURITY;
    ALTER TABLE mailings_event FORCE ROW LEVEL SECURITY;
    CREATE POLICY platform ON mailings_event TO coalesce_platform, coalesce_owner USING (true);
    CREATE POLICY visitor ON mailings_event FOR INSERT TO coalesce_visitor
        WITH CHECK (state = 0 AND delivery_id IS NULL AND route IN ('ses', 'mailgun', 'postmark'));
    GRANT INSERT ON mailings_event TO coalesce_visitor;
    GRANT ALL ON mailings_event TO coalesce_platform;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;

    CREATE OR REPLACE VIEW mailings_message WITH (security_barrier) AS
        SELECT id, organisation_id, campaign_id, supporter_id, is_personal, status, reasons, detail, settled_at,
               outcome, outcome_at
        FROM mailings_delivery
        WHERE organisation_id = (SELECT app_organisation()) AND NOT is_coordinated AND {OF_THE_BRANCH};
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0060_doubt")]

    operations = [
        migrations.AddField(
            "delivery",
            "outcome",
            models.SmallIntegerField(choices=OUTCOMES, db_default=0, default=0),
        ),
        migrations.AddField("delivery", "outcome_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("route", models.CharField(help_text="Who reported it.", max_length=20)),
                (
                    "key",
                    models.BinaryField(
                        help_text="A digest of what makes it the same report.", max_length=16
                    ),
                ),
                ("kind", models.SmallIntegerField(choices=OUTCOMES)),
                (
                    "is_permanent",
                    models.BooleanField(
                        default=False, help_text="No mail will ever arrive at this address."
                    ),
                ),
                (
                    "message",
                    models.UUIDField(
                        help_text="The public id of the message, if it was told.", null=True
                    ),
                ),
                ("mailbox", models.BinaryField(max_length=16, null=True)),
                ("code", models.CharField(blank=True, help_text="As in RFC 3463.", max_length=12)),
                ("happened_at", models.DateTimeField()),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                (
                    "state",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Waiting"),
                            (1, "Settled"),
                            (2, "About no message of ours"),
                            (
                                3,
                                "The message was moved on; what it says of the person is still to be written",
                            ),
                        ],
                        default=0,
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="mailings.delivery",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", [0, 3])),
                        fields=["id"],
                        name="event_to_do",
                    ),
                    models.Index(
                        condition=models.Q(("delivery__isnull", False)),
                        fields=["delivery"],
                        name="event_of_delivery",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("route", "key"), name="one_report")
                ],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
