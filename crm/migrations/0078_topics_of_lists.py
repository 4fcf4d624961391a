"""Topics that a list brings: in its records, and by which import a person has them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from crm.sql.protection import belongs


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0077_vouched"),
    ]

    operations = [
        migrations.AddField(
            model_name="record",
            name="topics",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="supportertopic",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="The import that brought it; none if the person did.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.batch",
            ),
        ),
        migrations.RunSQL(
            belongs("crm_supportertopic", "batch_id", "crm_batch"), migrations.RunSQL.noop
        ),
    ]
