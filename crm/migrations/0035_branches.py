"""Branches, and officers who see the people of one."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from crm.sql.auditing import audit
from crm.sql.branches import FUNCTIONS, HISTORY, POLICIES
from crm.sql.golive import MISSING
from crm.sql.protection import belongs, grant, guard, owned

SQL = (
    FUNCTIONS
    + guard("crm_branch")
    + owned(["crm_branch"])
    + grant("crm_branch", staff="SELECT, INSERT, UPDATE", keeper="SELECT")
    + belongs("crm_supporter", "branch_id", "crm_branch")
    + belongs("crm_membership", "branch_id", "crm_branch")
    + """
    GRANT USAGE ON SCHEMA public TO coalesce_officer;
    -- Which branch somebody looks after is known before their scope is.
    CREATE POLICY visitor ON crm_branch FOR SELECT TO coalesce_visitor USING (true);
    GRANT SELECT ON crm_branch TO coalesce_visitor;
    """
    + HISTORY
    + POLICIES
    + MISSING.format(approves="AND m.branch_id IS NULL")
    + audit("crm_branch", staff_only=False)
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0034_exports"),
    ]

    operations = [
        migrations.CreateModel(
            name="Branch",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
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
                "verbose_name_plural": "branches",
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="branch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="Whose people they look after; none: the whole organisation.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.branch",
            ),
        ),
        migrations.AddField(
            model_name="supporter",
            name="branch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.branch",
            ),
        ),
        migrations.AddIndex(
            model_name="supporter",
            index=models.Index(
                condition=models.Q(("branch__isnull", False)),
                fields=["organisation", "branch", "-id"],
                name="supporter_branch",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("branch__isnull", True), ("role", "organiser"), _connector="OR"
                ),
                name="an_admin_is_of_the_whole_organisation",
                violation_error_message="An admin looks after the whole organisation.",
            ),
        ),
        migrations.AddConstraint(
            model_name="branch",
            constraint=models.UniqueConstraint(
                fields=("organisation", "name"),
                name="branch_once",
                violation_error_message="There is a branch of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="branch",
            constraint=models.UniqueConstraint(fields=("organisation", "id"), name="branch_owner"),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
