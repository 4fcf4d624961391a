"""A wording that an import is given later, and the two who answer for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0073_unmatched"),
        ("imports", "0035_mapping"),
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
            name="later",
            field=models.JSONField(
                default=dict,
                help_text="The wording and the date that it was given later, and how many that lets be emailed.",
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="later_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who gave it the wording later.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="import",
            name="later_seconded_by",
            field=models.ForeignKey(
                db_index=False,
                help_text="Who else did.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="importchunk",
            name="later_at",
            field=models.DateTimeField(help_text="When it was given the wording.", null=True),
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
                    ("proving", "Seeing what the wording would do"),
                    ("proven", "Wording given, waiting for a second admin"),
                    ("granting", "Being given its wording"),
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
                    (
                        "state__in",
                        [
                            "uploaded",
                            "reading",
                            "applying",
                            "proving",
                            "granting",
                            "weighing",
                            "undoing",
                        ],
                    )
                ),
                fields=["id"],
                name="import_to_do",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "applying",
                            "applied",
                            "proving",
                            "proven",
                            "granting",
                            "weighing",
                            "weighed",
                            "undoing",
                        ],
                    )
                ),
                fields=("organisation", "digest"),
                name="a_file_is_imported_once",
            ),
        ),
        migrations.RunSQL(
            """
            ALTER TABLE imports_import ADD CONSTRAINT a_wording_given_later_takes_two CHECK (
                state <> 'granting' AND later_seconded_by_id IS NULL
                OR coalesce(later_seconded_by_id <> later_by_id, false));
            """,
            migrations.RunSQL.noop,
        ),
    ]
