"""A campaign's further link, below its text: to the joint list, or to keeping one's emails."""

from django.db import migrations, models

# In place, as one change of type: no row is updated, so nobody is noted to have changed a text.
SQL = """
    DROP TRIGGER frozen_invitation ON mailings_version;
    DROP TRIGGER drop_approvals_of_invitation ON mailings_version;
    ALTER TABLE mailings_version ALTER COLUMN invites_to_joint TYPE varchar(20)
        USING CASE WHEN invites_to_joint THEN 'joint' ELSE '' END;
    ALTER TABLE mailings_version RENAME COLUMN invites_to_joint TO extra_link;
    CREATE TRIGGER frozen_extra_link BEFORE UPDATE ON mailings_version FOR EACH ROW
        WHEN (OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL AND OLD.extra_link <> NEW.extra_link)
        EXECUTE FUNCTION mailings_freeze_version();
    CREATE TRIGGER drop_approvals_of_extra_link AFTER UPDATE ON mailings_version FOR EACH ROW
        WHEN (OLD.extra_link <> NEW.extra_link) EXECUTE FUNCTION mailings_drop_approvals();
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0040_sums")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL, migrations.RunSQL.noop)],
            state_operations=[
                migrations.RemoveField("version", "invites_to_joint"),
                migrations.AddField(
                    "version",
                    "extra_link",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "No"),
                            ("joint", "Invite readers to the joint list"),
                            ("renewal", "Ask readers whether they want to keep getting emails"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
            ],
        )
    ]
