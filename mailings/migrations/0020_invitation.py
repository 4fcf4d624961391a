"""A campaign may invite its readers to the joint list: a part of the text, frozen with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailings", "0011_joint"),
    ]

    operations = [
        migrations.AddField(
            model_name="version",
            name="invites_to_joint",
            field=models.BooleanField(
                default=False, help_text="A link below the text invites readers to the joint list."
            ),
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER frozen_invitation BEFORE UPDATE ON mailings_version FOR EACH ROW
                WHEN (OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL
                      AND OLD.invites_to_joint <> NEW.invites_to_joint)
                EXECUTE FUNCTION mailings_freeze_version();
            CREATE TRIGGER drop_approvals_of_invitation AFTER UPDATE ON mailings_version FOR EACH ROW
                WHEN (OLD.invites_to_joint <> NEW.invites_to_joint) EXECUTE FUNCTION mailings_drop_approvals();
            """,
            migrations.RunSQL.noop,
        ),
    ]
