"""Exports of people: the row is the queue, and stays when the file is deleted."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.sql.auditing import audit
from crm.sql.protection import belongs, grant, guard, owned

SQL = (
    guard("crm_export")
    + owned(["crm_export"])
    + belongs("crm_export", "segment_id", "crm_segment", suffix="ON DELETE SET NULL (segment_id)")
    + grant("crm_export", staff="SELECT, INSERT")
    + audit("crm_export", staff_only=True, hides="file")
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0033_steward"),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("is_whole_list", models.BooleanField()),
                (
                    "what",
                    models.CharField(
                        help_text="The segment's name when it was asked for.", max_length=140
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("xlsx", "Excel (XLSX)"), ("csv", "CSV")], max_length=10
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Being made"),
                            ("ready", "Ready"),
                            ("refused", "Could not be made"),
                            ("deleted", "Deleted after 24 hours"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("trouble", models.CharField(blank=True, max_length=300)),
                ("file", models.FileField(blank=True, upload_to="exports/%Y/%m")),
                ("people", models.PositiveIntegerField(null=True)),
                ("kept_until", models.DateTimeField(null=True)),
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
                    "requested_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="crm.segment",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["organisation", "requested_by", "-id"], name="export_list"
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "ready"])),
                        fields=["id"],
                        name="export_to_do",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
