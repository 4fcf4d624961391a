"""Joint campaigns with their approvals; topics, important and members-only mail."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0010_choices"),
        ("mailings", "0002_wall"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="is_important",
            field=models.BooleanField(
                default=False, help_text="Goes to those, too, who asked for important emails only."
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="members_only",
            field=models.BooleanField(
                default=False, help_text="Never goes to an inbox that several people read (R-SEC7)."
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="topic",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="People who unticked it are left out.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.topic",
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="mode",
            field=models.CharField(
                choices=[
                    ("own", "One organisation"),
                    ("joint", "The coalition’s own list, on behalf of both"),
                    ("coordinated", "Both organisations, one email each person"),
                ],
                default="own",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="JointApproval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("approved_at", models.DateTimeField(auto_now_add=True)),
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
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.organisation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="mailings.version",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "partner"), name="one_approval_a_partner"
                    ),
                    models.UniqueConstraint(
                        fields=("version", "user"), name="one_approval_a_person"
                    ),
                ],
            },
        ),
    ]
