"""What staff see of messages has no hash of the inbox: a view beside the table, which they no longer read."""

from django.db import migrations, models

SQL = """
    REVOKE ALL ON mailings_delivery FROM coalesce_staff;
    CREATE VIEW mailings_message WITH (security_barrier) AS
        SELECT id, organisation_id, campaign_id, supporter_id, is_personal, status, reasons, detail, settled_at
        FROM mailings_delivery WHERE organisation_id = (SELECT app_organisation()) AND NOT is_coordinated;
    GRANT SELECT ON mailings_message TO coalesce_staff;
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0031_golive")]

    operations = [
        migrations.CreateModel(
            name="OwnMessage",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("is_personal", models.BooleanField()),
                (
                    "status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Waiting"),
                            (1, "Handed over"),
                            (2, "Left out at the last moment"),
                            (3, "Refused by the mail server"),
                            (4, "May have been sent"),
                        ]
                    ),
                ),
                ("reasons", models.BigIntegerField()),
                ("detail", models.CharField(max_length=200)),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "mailings_message",
                "managed": False,
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
