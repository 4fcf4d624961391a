"""The sign-off before an organisation's first campaign, and the switch."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.sql.auditing import audit
from crm.sql.golive import FUNCTIONS
from crm.sql.protection import grant, guard, owned

SQL = (
    guard("crm_golive")
    + owned(["crm_golive"])
    + grant("crm_golive", staff="SELECT")
    # Staff sign off; whether sending is on is the function's to write.
    + """
    GRANT UPDATE (dpia_reference, dpia_signed_by, dpia_signed_on, sending_domain) ON crm_golive TO coalesce_staff;
    INSERT INTO crm_golive (organisation_id, dpia_reference, dpia_signed_by, sending_domain)
        SELECT id, '', '', '' FROM crm_organisation;
    GRANT USAGE ON SEQUENCE crm_golive_id_seq TO coalesce_platform;
    """
    + FUNCTIONS
    + audit("crm_golive", staff_only=False)
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0030_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="GoLive",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "dpia_reference",
                    models.CharField(
                        blank=True,
                        help_text="Where your data protection impact assessment is kept.",
                        max_length=120,
                    ),
                ),
                ("dpia_signed_by", models.CharField(blank=True, max_length=120)),
                ("dpia_signed_on", models.DateField(blank=True, null=True)),
                (
                    "sending_domain",
                    models.CharField(
                        blank=True,
                        help_text="The part of the sender’s address after the @.",
                        max_length=120,
                    ),
                ),
                ("turned_on_at", models.DateTimeField(blank=True, null=True)),
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
                (
                    "turned_on_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation",), name="one_sign_off")
                ],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
