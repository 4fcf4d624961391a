"""Who did what, noted by the database itself (R-SEC8)."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.sql.auditing import FUNCTIONS, audit
from crm.sql.protection import grant, guard, owned

SQL = (
    FUNCTIONS
    + guard("crm_auditentry")
    + owned(["crm_auditentry"])
    + grant("crm_auditentry", staff="SELECT", platform="SELECT")
    # People: what staff do. Imports and the fold act for nobody who is signed in.
    + audit(
        "crm_supporter",
        staff_only=True,
        hides="canonical_id,name_forms,last_fold,postcode_fold",
    )
    + audit("crm_contactpoint", staff_only=True, hides="folded,supporter_id")
    + "".join(
        audit(table, staff_only=True, hides="supporter_id")
        for table in ("crm_supporterrole", "crm_supportertopic", "crm_record")
    )
    + audit("crm_batch", staff_only=True)
    # Settings and accounts: whoever does it, commands too.
    + "".join(
        audit(table, staff_only=False)
        for table in (
            "crm_organisation",
            "crm_membership",
            "crm_purpose",
            "crm_statement",
            "crm_segment",
            "crm_topic",
            "crm_tag",
            "crm_role",
        )
    )
    + audit("crm_user", staff_only=False, hides="last_login", secret="password")
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0020_sign_ups"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (1, "Looked at"),
                            (2, "Exported"),
                            (3, "Added"),
                            (4, "Changed"),
                            (5, "Removed"),
                        ]
                    ),
                ),
                ("table", models.CharField(max_length=63)),
                (
                    "row",
                    models.CharField(
                        blank=True, help_text="The row's key; stays inside.", max_length=40
                    ),
                ),
                ("changes", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=500)),
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
                    "supporter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="Whose row it is, if it is a person's.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="crm.supporter",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="None: nobody was signed in.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-id"], name="audit_list"),
                    models.Index(
                        condition=models.Q(("supporter__isnull", False)),
                        fields=["organisation", "supporter", "-id"],
                        name="audit_of_supporter",
                    ),
                    models.Index(fields=["organisation", "user", "-id"], name="audit_of_user"),
                ],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
