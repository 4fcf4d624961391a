"""An admin says which column is what; it is kept for the next file with the same headings."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.sql.auditing import audit
from crm.sql.branches import narrow
from crm.sql.protection import grant, guard, owned

_SQL = (
    guard("imports_savedmapping")
    + owned(["imports_savedmapping"])
    + narrow("imports_savedmapping", "false")
    + grant("imports_savedmapping", staff="SELECT, INSERT, UPDATE", keeper="SELECT")
    + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;"
    + audit("imports_savedmapping", staff_only=True, hides="mapping")
    # What an admin is shown of a file is no matter of the audit, nor are its words.
    + "DROP TRIGGER audit ON imports_import;"
    + audit("imports_import", staff_only=True, hides="counts,digest,file,look,mapping")
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0066_whole_records"),
        ("imports", "0034_rows_written_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("shape", models.CharField(help_text="Of the set of headings.", max_length=64)),
                ("mapping", models.JSONField(help_text="As of an import.")),
                ("saved_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="import",
            name="import_to_do",
        ),
        migrations.AddField(
            model_name="import",
            name="look",
            field=models.JSONField(
                default=dict,
                help_text="Headings and some cells, for an admin to say which column is what; empty after that.",
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="mapping",
            field=models.JSONField(
                default=dict, help_text="What the admin said (imports/mapping.py)."
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="recalled_at",
            field=models.DateTimeField(
                help_text="When that was said, of an earlier file with the same headings.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("uploaded", "Waiting to be read"),
                    ("asking", "Waiting for you to say which column is what"),
                    ("reading", "Being read"),
                    ("previewed", "Ready to check"),
                    ("doubted", "Waiting for a second admin"),
                    ("applying", "Being imported"),
                    ("applied", "Imported"),
                    ("refused", "Could not be read"),
                    ("weighing", "Seeing what undoing would do"),
                    ("weighed", "Ready to undo"),
                    ("undoing", "Being undone"),
                    ("undone", "Undone"),
                ],
                default="uploaded",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["uploaded", "reading", "applying", "weighing", "undoing"])
                ),
                fields=["id"],
                name="import_to_do",
            ),
        ),
        migrations.AddField(
            model_name="savedmapping",
            name="organisation",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.organisation",
            ),
        ),
        migrations.AddField(
            model_name="savedmapping",
            name="saved_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who said so last.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="savedmapping",
            constraint=models.UniqueConstraint(
                fields=("organisation", "shape"), name="mapping_of_a_shape_once"
            ),
        ),
        migrations.RunSQL(_SQL, migrations.RunSQL.noop),
    ]
