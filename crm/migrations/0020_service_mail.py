"""The queue of service mail: whoever answers somebody may add to it, and only the platform reads it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from crm.sql.protection import belongs, grant, guard, owned

WALL = (
    owned(["crm_servicemail"])
    + belongs("crm_servicemail", "contact_point_id", "crm_contactpoint", suffix="ON DELETE CASCADE")
    + guard("crm_servicemail")
    + grant("crm_servicemail", staff="INSERT, SELECT (id)", keeper="INSERT, SELECT (id)")
    + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;"
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0013_objectors"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServiceMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("fresh_link", "A link to one’s own page"),
                            ("confirm_sign_up", "Confirm a sign-up"),
                            ("confirm_address", "Confirm a new address"),
                            ("stopped", "Emails were stopped, with a way back"),
                            ("case", "An answer to a request or a complaint"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True,
                        help_text="For somebody of whom nothing is kept (yet).",
                        max_length=320,
                    ),
                ),
                (
                    "mailbox",
                    models.BinaryField(help_text="To count what one inbox gets.", max_length=16),
                ),
                (
                    "facts",
                    models.JSONField(default=dict, help_text="Ids and codes only, no words."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                (
                    "detail",
                    models.CharField(blank=True, help_text="Why it was not sent.", max_length=200),
                ),
                (
                    "contact_point",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.contactpoint",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("failed_at__isnull", True), ("sent_at__isnull", True)),
                        fields=["next_try_at"],
                        name="service_mail_waiting",
                    ),
                    models.Index(fields=["mailbox", "sent_at"], name="service_mail_of_inbox"),
                    models.Index(fields=["organisation", "sent_at"], name="service_mail_sent"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("contact_point__isnull", False),
                            models.Q(("address", ""), _negated=True),
                            ("sent_at__isnull", False),
                            ("failed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="service_mail_has_a_receiver",
                    )
                ],
            },
        ),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
