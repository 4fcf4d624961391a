"""Campaigns can be paused, by a person or by what is reported, and called off while they are sent."""

from django.db import migrations, models

WHY = [
    ("", "Nothing"),
    ("person", "Somebody paused it"),
    ("late", "Sending stood still for hours"),
    ("complaints", "Too many people marked it as spam"),
    ("bounces", "Too many emails came back"),
]

SQL = """
    -- Whatever ends or pauses the sending has each worker give its chunk back before its next message, which finds
    -- the chunk halted in the statement that it runs anyway.
    CREATE FUNCTION mailings_halt_chunks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        UPDATE mailings_chunk SET state = 3 WHERE campaign_id = NEW.id AND state = 1;
        RETURN NULL;
    END $$;
    REVOKE ALL ON FUNCTION mailings_halt_chunks() FROM PUBLIC;
    CREATE TRIGGER halt_chunks AFTER UPDATE OF state ON mailings_campaign FOR EACH ROW
        WHEN (OLD.state = 'sending' AND NEW.state IN ('paused', 'cancelled'))
        EXECUTE FUNCTION mailings_halt_chunks();
    UPDATE mailings_campaign SET swept_at = now() WHERE state = 'sending';
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0061_events")]

    operations = [
        migrations.AddField(
            "campaign",
            "paused_why",
            models.CharField(blank=True, choices=WHY, default="", max_length=12),
        ),
        migrations.AddField(
            "campaign",
            "warned_of",
            models.CharField(blank=True, choices=WHY, default="", max_length=12),
        ),
        migrations.AddField(
            "campaign",
            "swept_at",
            models.DateTimeField(
                blank=True,
                help_text="When the sweep last saw it being sent, to the minute.",
                null=True,
            ),
        ),
        migrations.AddField(
            "campaign",
            "let_go",
            models.JSONField(
                default=dict,
                help_text="How many complaints and bounces there were when somebody went on.",
            ),
        ),
        migrations.AlterField(
            "campaign",
            "state",
            models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("scheduled", "Approved, waiting for its time"),
                    ("sending", "Sending"),
                    ("paused", "Paused"),
                    ("done", "Sent"),
                    ("cancelled", "Cancelled"),
                ],
                default="draft",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            "chunk",
            "state",
            models.SmallIntegerField(
                choices=[
                    (0, "Open"),
                    (1, "Leased"),
                    (2, "Done"),
                    (3, "Leased, and to be given back before the next message"),
                ],
                default=0,
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
                ],
                default=0,
            ),
        ),
        migrations.RemoveIndex("campaign", "campaign_at_work"),
        migrations.AddIndex(
            "campaign",
            models.Index(
                condition=models.Q(("state__in", ["scheduled", "sending", "paused"])),
                fields=["due_at"],
                name="campaign_at_work",
            ),
        ),
        migrations.AddField(
            "event",
            "campaign_id",
            models.BigIntegerField(help_text="That of the message, to count by.", null=True),
        ),
        migrations.AddIndex(
            "event",
            models.Index(
                condition=models.Q(("campaign_id__isnull", False), ("kind__gte", 3)),
                fields=["campaign_id", "kind"],
                name="event_against",
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
