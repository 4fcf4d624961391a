"""A record keeps all that its source said, and everything that an import brought says so: undo works from them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from crm.sql.protection import belongs


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0065_joint_mail_ends_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactpoint",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="The import that brought it; none if a person or staff did.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.batch",
            ),
        ),
        migrations.AddField(
            model_name="deliverability",
            name="batch",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="The import that said so; none if our own sending did.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.batch",
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="action",
            field=models.SmallIntegerField(
                choices=[
                    (1, "said yes"),
                    (2, "was asked and said no"),
                    (3, "took their yes back"),
                    (4, "marked mail as spam"),
                    (5, "told the organisation to stop"),
                    (6, "objected to campaign mail"),
                    (7, "told both organisations to stop"),
                    (8, "was erased at their request"),
                    (9, "asked for a pause"),
                    (10, "ended the pause"),
                    (11, "confirmed by email"),
                    (12, "permission ran out"),
                    (13, "an import's mistake was taken out"),
                ],
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="bounces",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="record",
            name="contact_point",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="The email address that an import's row came with.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.contactpoint",
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="occurred_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="record",
            name="occurred_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="record",
            name="roles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="supportertag",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="The import that brought it; none if staff did.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.batch",
            ),
        ),
        migrations.RunSQL(
            belongs("crm_contactpoint", "batch_id", "crm_batch")
            + belongs("crm_supportertag", "batch_id", "crm_batch")
            + belongs("crm_deliverability", "batch_id", "crm_batch")
            + belongs("crm_record", "contact_point_id", "crm_contactpoint"),
            migrations.RunSQL.noop,
        ),
    ]
