"""What each source said about a person, kept as it was said."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.models.consent import Action, Batch, Source
from crm.models.organisations import OwnedModel
from crm.models.people import ContactPoint, Supporter


class Record(OwnedModel):
    """What one source said about one person to one organisation; never overwritten by another source.

    The profile's fields are chosen from these by stated survivorship rules: a person's own word before a
    list’s, the newest first, and a blank never counts (crm/sql/people.py).
    """

    supporter = models.ForeignKey(
        Supporter, models.PROTECT, related_name="records", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        Batch,
        models.PROTECT,
        null=True,
        related_name="records",
        db_constraint=False,
        db_index=False,
    )
    line = models.PositiveIntegerField(
        null=True, help_text="The line of the file, header included."
    )
    source = models.SmallIntegerField(choices=Source.choices)
    as_of = models.DateTimeField(help_text="When this was true, as far as the source says.")
    first_name = models.CharField(max_length=120, blank=True)
    last_name = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=320, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    postcode = models.CharField(max_length=10, blank=True)
    external_id = models.CharField(max_length=60, blank=True)
    relationship = models.CharField(max_length=16, blank=True, db_default="")
    age_band = models.SmallIntegerField(default=0)
    contact_point = models.ForeignKey(
        ContactPoint,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The email address that an import's row came with.",
    )
    roles = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    topics = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    tags = ArrayField(models.TextField(), default=list, db_default=[])
    # What an import's row says of permission, whether or not there is evidence enough to count it.
    action = models.SmallIntegerField(choices=Action.choices, null=True)
    occurred_at = models.DateTimeField(null=True)
    occurred_until = models.DateTimeField(null=True)
    bounces = models.BooleanField(default=False, db_default=False)
    data = models.JSONField(default=dict, help_text="Further cells, by their headings.")

    class Meta:
        indexes = [
            models.Index(fields=["supporter"], name="record_supporter"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "line"],
                condition=models.Q(batch__isnull=False),
                name="record_of_a_line_once",
            ),
        ]
