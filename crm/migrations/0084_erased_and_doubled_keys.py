"""An index of the erased, who are few, and no second foreign keys where one with the organisation stands."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0083_prepared"),
    ]

    operations = [
        migrations.AlterField(
            model_name="supporterrole",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.batch",
            ),
        ),
        migrations.AlterField(
            model_name="supportertag",
            name="tag",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="crm.tag",
            ),
        ),
        migrations.AlterField(
            model_name="supportertopic",
            name="topic",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="crm.topic",
            ),
        ),
        migrations.AddIndex(
            model_name="consentevent",
            index=models.Index(
                condition=models.Q(("action", 8)), fields=["mailbox"], name="event_erased"
            ),
        ),
    ]
