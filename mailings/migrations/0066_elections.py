"""What mentions a candidate needs a second approver and the name of the election (scenario 60)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

SQL = """
    -- Whether every text that a campaign needs is approved; says nothing about whose is not. What mentions a candidate
    -- was checked by somebody else as well; a joint text has an approver of each partner anyway.
    CREATE OR REPLACE FUNCTION mailings_is_approved(campaign bigint) RETURNS boolean LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT CASE WHEN c.mode = 'coordinated'
            THEN NOT EXISTS (SELECT FROM crm_organisation o WHERE o.is_partner AND NOT EXISTS (
                SELECT FROM mailings_version v
                WHERE v.campaign_id = c.id AND v.organisation_id = o.id AND v.approved_at IS NOT NULL
                  AND (NOT c.mentions_candidate OR v.checked_by_id IS NOT NULL)))
            ELSE EXISTS (SELECT FROM mailings_version v
                WHERE v.campaign_id = c.id AND v.organisation_id = c.organisation_id AND v.approved_at IS NOT NULL
                  AND (NOT c.mentions_candidate OR c.mode = 'joint' OR v.checked_by_id IS NOT NULL))
            END
        FROM mailings_campaign c WHERE c.id = campaign $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailings", "0065_routes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "campaign",
            "mentions_candidate",
            models.BooleanField(
                default=False, help_text="It then needs a second approver and the election's name."
            ),
        ),
        migrations.AddField(
            "campaign", "election", models.CharField(blank=True, default="", max_length=80)
        ),
        migrations.AddConstraint(
            "campaign",
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"])
                | Q(mentions_candidate=False)
                | ~Q(election=""),
                name="names_its_election",
            ),
        ),
        migrations.AddField(
            "version",
            "checked_by",
            models.ForeignKey(
                db_index=False,
                help_text="The first of two approvers, if it mentions a candidate.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("version", "checked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "version",
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True)
                | (
                    ~Q(checked_by=F("author"))
                    & (Q(approved_by__isnull=True) | ~Q(checked_by=F("approved_by")))
                ),
                name="checked_by_a_third_person",
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
