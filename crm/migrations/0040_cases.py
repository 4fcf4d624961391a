"""Requests, complaints, incidents, with their log and the packs of what is held."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import crm.models.cases


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0036_random_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankHoliday",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
            ],
        ),
        migrations.AddField(
            model_name="supporter",
            name="family_contact",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="How to reach the family of somebody who has died.",
                max_length=300,
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
                    ("confirm", "A confirmation of a sign-up or a new address"),
                    ("undo", "Take a stop back"),
                    ("request", "A request about one's data"),
                    ("complaint", "A complaint"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "reference",
                    models.CharField(
                        default=crm.models.cases.new_reference, editable=False, max_length=12
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("access", "See what we hold"),
                            ("portability", "Take their data elsewhere"),
                            ("rectification", "Correct what is wrong"),
                            ("erasure", "Remove their details"),
                            ("restriction", "Stop using their details for now"),
                            ("objection", "Stop our emails (objection)"),
                            ("complaint", "Complaint"),
                            ("incident", "Incident"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "came_by",
                    models.CharField(
                        choices=[
                            ("form", "Our form on the web"),
                            ("email", "Email, or an answer to an email"),
                            ("phone", "Phone"),
                            ("letter", "Letter"),
                            ("social", "Social media"),
                            ("person", "In person"),
                            ("ourselves", "We found it ourselves"),
                        ],
                        max_length=20,
                    ),
                ),
                ("received_at", models.DateTimeField()),
                (
                    "who",
                    models.CharField(
                        blank=True, help_text="In words, or from the form.", max_length=200
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True, help_text="Where they want the answer.", max_length=320
                    ),
                ),
                ("words", models.TextField(blank=True, help_text="What they said.")),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text="None: nothing has a time limit now.", null=True
                    ),
                ),
                ("identity_asked_on", models.DateField(null=True)),
                ("identity_received_on", models.DateField(null=True)),
                ("clarification_asked_on", models.DateField(null=True)),
                ("clarification_received_on", models.DateField(null=True)),
                ("extended_on", models.DateField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                (
                    "risk",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Not judged yet"),
                            (1, "Unlikely to harm anybody"),
                            (2, "May harm people: tell the regulator"),
                            (3, "May harm people badly: tell them as well"),
                        ],
                        default=0,
                    ),
                ),
                (
                    "reported_at",
                    models.DateTimeField(help_text="When the regulator was told.", null=True),
                ),
                ("people_told_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("done", "Done as asked"),
                            ("partly", "Done in part"),
                            ("refused", "Refused, and said why"),
                            ("withdrawn", "Taken back, or no answer came"),
                            ("nothing", "Nothing was found"),
                        ],
                        max_length=20,
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.supporter",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CaseNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "is_log",
                    models.BooleanField(
                        help_text="A sentence of Coalesce's own, with nobody's data in it."
                    ),
                ),
                ("words", models.TextField()),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="None: Coalesce itself.",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
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
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Pack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Being made"),
                            ("ready", "Ready"),
                            ("deleted", "Deleted"),
                        ],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("as_json", models.FileField(blank=True, upload_to="packs")),
                ("as_html", models.FileField(blank=True, upload_to="packs")),
                ("kept_until", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_index=False,
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
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
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["organisation", "due_at"],
                name="case_open",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("supporter__isnull", False)),
                fields=["supporter"],
                name="case_of_supporter",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(fields=("organisation", "id"), name="case_owner"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                fields=("organisation", "reference"), name="case_reference"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("identity_received_on__isnull", True),
                        ("identity_received_on__gte", models.F("identity_asked_on")),
                        _connector="OR",
                    ),
                    models.Q(
                        ("clarification_received_on__isnull", True),
                        ("clarification_received_on__gte", models.F("clarification_asked_on")),
                        _connector="OR",
                    ),
                ),
                name="case_answered_after_it_was_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True),
                    models.Q(("outcome", ""), _negated=True),
                    _connector="OR",
                ),
                name="closed_case_has_an_outcome",
            ),
        ),
        migrations.AddIndex(
            model_name="casenote",
            index=models.Index(fields=["case"], name="note_of_case"),
        ),
        migrations.AddIndex(
            model_name="pack",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "ready"])),
                fields=["id"],
                name="pack_to_do",
            ),
        ),
        migrations.AddIndex(
            model_name="pack",
            index=models.Index(fields=["case"], name="pack_of_case"),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.UniqueConstraint(fields=("organisation", "id"), name="pack_owner"),
        ),
    ]
