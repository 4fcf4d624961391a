"""Erasures, the report of what has had its time, and what the journal of refusals is written from."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0040_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "organisation_code",
                    models.CharField(blank=True, help_text="Empty: everyone.", max_length=20),
                ),
                ("mailbox", models.BinaryField(max_length=16, null=True)),
                ("purpose_code", models.CharField(blank=True, max_length=40)),
                ("action", models.SmallIntegerField(null=True)),
                (
                    "flag",
                    models.CharField(
                        blank=True, help_text="restricted, unrestricted or deceased.", max_length=20
                    ),
                ),
                (
                    "entry",
                    models.UUIDField(
                        help_text="Whose erasure or flag it is: an id, no name.", null=True
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.case",
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
                (
                    "supporter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.supporter",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JournalMark",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                (
                    "line",
                    models.BigIntegerField(
                        default=0, help_text="The number of the last line written."
                    ),
                ),
                (
                    "behind_since",
                    models.DateTimeField(
                        help_text="Since when no mail goes out; the home page says so.", null=True
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_journal_mark")
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "counts",
                    models.JSONField(
                        default=dict, help_text="Rule to number of rows that would go."
                    ),
                ),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "gone",
                    models.JSONField(default=dict, help_text="Rule to number of rows that went."),
                ),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
        ),
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True)), fields=["id"], name="erasure_to_do"
            ),
        ),
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(fields=["supporter"], name="erasure_of_supporter"),
        ),
        migrations.AddIndex(
            model_name="retentionreport",
            index=models.Index(fields=["organisation", "-id"], name="retention_list"),
        ),
        migrations.AddIndex(
            model_name="retentionreport",
            index=models.Index(
                condition=models.Q(("approved_at__isnull", False), ("done_at__isnull", True)),
                fields=["id"],
                name="retention_to_do",
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("done_at__isnull", True), ("approved_at__isnull", False), _connector="OR"
                ),
                name="retention_done_once_approved",
            ),
        ),
    ]
