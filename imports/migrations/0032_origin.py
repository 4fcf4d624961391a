"""Where a list that looks like a partner's comes from, in the words of who imported it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0031_branches"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="origin",
            field=models.CharField(
                blank=True,
                help_text="Where a list that looks like another partner's comes from, in an admin's words.",
                max_length=500,
            ),
        ),
        migrations.RunSQL(
            """
            ALTER TABLE imports_import ADD CONSTRAINT said_whose_list_it_is CHECK (
                state NOT IN ('applying', 'applied') OR length(origin) >= 20
                OR coalesce(jsonb_array_length(counts->'foreign'), 0) = 0)
            """,
            migrations.RunSQL.noop,
        ),
    ]
