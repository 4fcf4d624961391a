"""A decision names the join that it made, so that taking it back finds it."""

import django.db.models.deletion
from django.db import migrations, models

from crm.sql.protection import belongs


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0071_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="match",
            name="merge",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="The join that a decision made.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="crm.merge",
            ),
        ),
        migrations.AddIndex(
            model_name="merge",
            index=models.Index(
                condition=models.Q(("undone_at__isnull", True)),
                fields=["kept"],
                name="merge_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.UniqueConstraint(fields=("organisation", "id"), name="merge_owner"),
        ),
        migrations.RunSQL(
            belongs("crm_match", "merge_id", "crm_merge", suffix="ON DELETE SET NULL (merge_id)"),
            migrations.RunSQL.noop,
        ),
    ]
