"""A yes that a colleague vouched for, and the letter that asks the person to confirm it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0076_review_holds"),
    ]

    operations = [
        migrations.AlterField(
            model_name="servicemail",
            name="kind",
            field=models.CharField(
                choices=[
                    ("fresh_link", "A link to one’s own page"),
                    ("confirm_sign_up", "Confirm a sign-up"),
                    ("confirm_yes", "Confirm a yes that was told to staff"),
                    ("confirm_address", "Confirm a new address"),
                    ("stopped", "Emails were stopped, with a way back"),
                    ("case", "An answer to a request or a complaint"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="kind",
            field=models.CharField(
                choices=[
                    ("stop", "Stop emails"),
                    ("link", "Send me my link"),
                    ("sign_up", "A sign-up"),
                    ("address", "A new address"),
                    ("vouched", "A yes told to staff, to be confirmed"),
                    ("confirm", "A confirmation of what was asked"),
                    ("undo", "Take a stop back"),
                    ("request", "A request about one's data"),
                    ("complaint", "A complaint"),
                ],
                max_length=20,
            ),
        ),
    ]
