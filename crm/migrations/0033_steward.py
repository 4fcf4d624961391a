"""The data steward: an account apart, who sees links masked and leaves a note of each look."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.sql.steward import FUNCTIONS

SQL = FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0032_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="StewardView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("page", models.CharField(max_length=40)),
                (
                    "shown",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        default=list,
                        help_text="Persons or campaigns.",
                        size=None,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="membership",
            name="of_steward",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="is_steward",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="The neutral data role, which sees links across organisations, masked.",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("of_steward", False)), name="a_member_is_no_steward"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=("id", "is_steward"), name="account_kind"),
        ),
        migrations.AddField(
            model_name="stewardview",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
