"""Pairs that may be one person: inside an organisation, and apart from them those across two (decision 0023)."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.sql.auditing import audit
from crm.sql.branches import narrow
from crm.sql.protection import belongs, grant, guard, owned

WITHIN = (
    guard("crm_match")
    + owned(["crm_match"])
    + belongs("crm_match", "one_id", "crm_supporter")
    + belongs("crm_match", "other_id", "crm_supporter")
    + grant("crm_match", staff="SELECT", keeper="SELECT, INSERT, UPDATE")
    + narrow(
        "crm_match",
        "one_id IN (SELECT s.id FROM crm_supporter s) AND other_id IN (SELECT s.id FROM crm_supporter s)",
    )
    + audit(
        "crm_match",
        staff_only=True,
        hides="one_id,other_id,tier,probability,match_weight,evidence,guards,model_id,found_at,"
        "decided_by_id,decided_at",
    )
    + audit("crm_merge", staff_only=True, hides="kept_id,moved,merged_at")
)

# A pair across organisations is nobody's who works for either: no grant, and no policy but the platform's.
ACROSS = """
    ALTER TABLE crm_sharedmatch ENABLE ROW LEVEL SECURITY;
    ALTER TABLE crm_sharedmatch FORCE ROW LEVEL SECURITY;
    CREATE POLICY platform ON crm_sharedmatch TO coalesce_platform, coalesce_owner USING (true);
    ALTER TABLE crm_sharedmatch ADD CONSTRAINT crm_sharedmatch_one_id_owner
        FOREIGN KEY (one_organisation_id, one_id) REFERENCES crm_supporter (organisation_id, id);
    ALTER TABLE crm_sharedmatch ADD CONSTRAINT crm_sharedmatch_other_id_owner
        FOREIGN KEY (other_organisation_id, other_id) REFERENCES crm_supporter (organisation_id, id);
    GRANT ALL ON crm_sharedmatch TO coalesce_platform;
    GRANT MAINTAIN ON crm_match, crm_sharedmatch TO coalesce_platform;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0066_whole_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="Match",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "tier",
                    models.SmallIntegerField(
                        choices=[(1, "Clear"), (2, "Possible"), (3, "Perhaps one household")]
                    ),
                ),
                (
                    "probability",
                    models.FloatField(help_text="That they are one person, from 0 to 1."),
                ),
                ("match_weight", models.FloatField(help_text="The base-2 logarithm of the odds.")),
                (
                    "evidence",
                    models.JSONField(
                        default=list,
                        help_text="For each comparison its level, in words, and its weight; no values.",
                    ),
                ),
                (
                    "guards",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text="The rules that held the pair back, by name.",
                        size=None,
                    ),
                ),
                (
                    "model_id",
                    models.CharField(help_text="Which model compared them.", max_length=80),
                ),
                ("found_at", models.DateTimeField()),
                (
                    "decision",
                    models.SmallIntegerField(
                        choices=[
                            (1, "The same person"),
                            (2, "Not the same person"),
                            (3, "Same household"),
                            (4, "Decide later"),
                        ],
                        null=True,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "undone_at",
                    models.DateTimeField(
                        help_text="A decision was taken back: matching leaves the pair to people.",
                        null=True,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="None: a run of matching.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "one",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.supporter",
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
                    "other",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.supporter",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["one"], name="match_one"),
                    models.Index(fields=["other"], name="match_other"),
                    models.Index(
                        condition=models.Q(("decision__isnull", True)),
                        fields=["organisation", "tier"],
                        name="match_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("decided_at__isnull", False)),
                        fields=["organisation", "-decided_at"],
                        name="match_decided",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "one", "other"), name="match_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("one__lt", models.F("other"))), name="match_older_first"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SharedMatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "tier",
                    models.SmallIntegerField(
                        choices=[(1, "Clear"), (2, "Possible"), (3, "Perhaps one household")]
                    ),
                ),
                (
                    "probability",
                    models.FloatField(help_text="That they are one person, from 0 to 1."),
                ),
                ("match_weight", models.FloatField(help_text="The base-2 logarithm of the odds.")),
                (
                    "evidence",
                    models.JSONField(
                        default=list,
                        help_text="For each comparison its level, in words, and its weight; no values.",
                    ),
                ),
                (
                    "guards",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text="The rules that held the pair back, by name.",
                        size=None,
                    ),
                ),
                (
                    "model_id",
                    models.CharField(help_text="Which model compared them.", max_length=80),
                ),
                ("found_at", models.DateTimeField()),
                (
                    "decision",
                    models.SmallIntegerField(
                        choices=[
                            (1, "The same person"),
                            (2, "Not the same person"),
                            (3, "Same household"),
                            (4, "Decide later"),
                        ],
                        null=True,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "undone_at",
                    models.DateTimeField(
                        help_text="A decision was taken back: matching leaves the pair to people.",
                        null=True,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="None: a run of matching.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "one",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.supporter",
                    ),
                ),
                (
                    "one_organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.organisation",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.supporter",
                    ),
                ),
                (
                    "other_organisation",
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
                    models.Index(fields=["other"], name="shared_match_other"),
                    models.Index(
                        condition=models.Q(("decision__isnull", True)),
                        fields=["-id"],
                        name="shared_match_waiting",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("one", "other"), name="shared_match_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("one_organisation__lt", models.F("other_organisation"))
                        ),
                        name="shared_match_in_order",
                    ),
                ],
            },
        ),
        migrations.RunSQL(WITHIN + ACROSS, migrations.RunSQL.noop),
    ]
