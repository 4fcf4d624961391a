"""What it takes to undo an import, and who answers for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0066_whole_records"),
        ("imports", "0032_origin"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="import",
            name="a_file_is_imported_once",
        ),
        migrations.RemoveIndex(
            model_name="import",
            name="import_to_do",
        ),
        migrations.AddField(
            model_name="import",
            name="seconded_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who else did, where the file calls for a second admin.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="started_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who let it be imported.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="undo",
            field=models.JSONField(
                default=dict, help_text="What undoing would do, or did, in numbers."
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="undo_asked_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who asked for it to be undone.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="undo_seconded_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who else did, where that makes anyone mailable again.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="importchunk",
            name="undone_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("uploaded", "Waiting to be read"),
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
        migrations.AlterField(
            model_name="import",
            name="uploaded_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who brought it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(("state__in", ["uploaded", "applying", "weighing", "undoing"])),
                fields=["id"],
                name="import_to_do",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["applying", "applied", "weighing", "weighed", "undoing"])
                ),
                fields=("organisation", "digest"),
                name="a_file_is_imported_once",
            ),
        ),
        migrations.RunSQL(
            """
            ALTER TABLE imports_import ADD CONSTRAINT a_doubtful_file_takes_two CHECK (
                state IN ('uploaded', 'previewed', 'doubted', 'refused')
                OR NOT coalesce((counts->>'one_day')::boolean, false)
                OR coalesce(seconded_by_id <> started_by_id, false));
            ALTER TABLE imports_import ADD CONSTRAINT making_mailable_again_takes_two CHECK (
                state NOT IN ('undoing', 'undone') OR coalesce((undo->>'mailable')::int, 0) = 0
                OR coalesce(undo_seconded_by_id <> undo_asked_by_id, false));
            -- Marking an import as undone changes who may be mailed: that is the worker's to do.
            REVOKE UPDATE ON crm_batch FROM coalesce_staff;
            """,
            migrations.RunSQL.noop,
        ),
    ]
