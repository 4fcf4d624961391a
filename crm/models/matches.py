"""Pairs of entries that may be one person: what speaks for it, and what people decided, which is remembered for ever.

Pairs inside one organisation and pairs across two are two tables, so that the second is out of staff's reach by its
grants alone (decision 0023).
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from crm.models.organisations import Organisation, OwnedModel
from crm.models.people import Merge, Supporter

UNWEIGHED = (
    "none"  # stands for the model of a pair that people took apart before any had weighed it
)


class Tier(models.IntegerChoices):
    """How sure the comparison is."""

    CERTAIN = 1, "Clear"
    POSSIBLE = 2, "Possible"
    HOUSEHOLD = 3, "Perhaps one household"


class Decision(models.IntegerChoices):
    """What a person decided of a pair."""

    SAME = 1, "The same person"
    NOT_SAME = 2, "Not the same person"
    HOUSEHOLD = 3, "Same household"
    LATER = 4, "Decide later"


# No run of matching joins or links such a pair.
APART = (Decision.NOT_SAME, Decision.HOUSEHOLD)


class Unmatched(models.Model):
    """A ticket of a supporter whom no run of matching has seen as they are: the queue, which triggers fill.

    Nobody who works for an organisation reaches it. Whoever changes while a run is under way gets another ticket.
    Who was only joined, parted or left alone is read anew, and compared with nobody.
    """

    ticket = models.BigAutoField(primary_key=True)
    supporter_id = models.BigIntegerField()
    compares = models.BooleanField(default=True, db_default=True)

    def __str__(self) -> str:
        return f"ticket {self.ticket}"


class Prepared(models.Model):
    """Part of a layer of entries in the forms in which they are compared (crm/matching/prepared.py).

    Made from the lists, and made again when it is not there: when somebody leaves a list, triggers take all of it away.
    Nobody who works for an organisation reaches it.
    """

    layer = models.IntegerField()
    forms = models.CharField(
        max_length=16, help_text="The beginning of a hash of the code that made it."
    )
    body = models.BinaryField(help_text="A Parquet file.")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"layer {self.layer}, part {self.pk}"


class MatchingModel(models.Model):
    """A model that was learnt from the lists: weights, and no value of anybody's. The newest is in use."""

    name = models.CharField(max_length=16, help_text="The beginning of a hash of the body.")
    body = models.TextField(help_text="As crm/matching/model.py writes it.")
    learnt_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"matching model {self.name}"


class Scored(models.Model):
    """What a comparison found of a pair, and what became of it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tier = models.SmallIntegerField(choices=Tier.choices)
    probability = models.FloatField(help_text="That they are one person, from 0 to 1.")
    match_weight = models.FloatField(help_text="The base-2 logarithm of the odds.")
    evidence = models.JSONField(
        default=list,
        help_text="For each comparison its level, in words, and its weight; no values.",
    )
    guards = ArrayField(
        models.TextField(), default=list, help_text="The rules that held the pair back, by name."
    )
    model_id = models.CharField(max_length=80, help_text="Which model compared them.")
    found_at = models.DateTimeField()
    decision = models.SmallIntegerField(choices=Decision.choices, null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="None: a run of matching.",
    )
    decided_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(
        null=True, help_text="A decision was taken back: matching leaves the pair to people."
    )

    class Meta:
        abstract = True


class Match(OwnedModel, Scored):
    """A pair inside one organisation, the older entry first."""

    one = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    other = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    merge = models.ForeignKey(
        Merge,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The join that a decision made.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "one", "other"], name="match_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="match_older_first"),
        ]
        indexes = [
            models.Index(fields=["one"], name="match_one"),
            models.Index(fields=["other"], name="match_other"),
            models.Index(
                fields=["organisation", "tier"],
                condition=Q(decision__isnull=True),
                name="match_waiting",
            ),
            models.Index(
                fields=["organisation", "-decided_at"],
                condition=Q(decided_at__isnull=False),
                name="match_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"possible duplicate {self.public_id}"


class SharedMatch(Scored):
    """A pair across two organisations: nobody's who works for either; the platform and the steward decide."""

    one = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    one_organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    other = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    other_organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="shared_match_once"),
            models.CheckConstraint(
                condition=Q(one_organisation__lt=F("other_organisation")),
                name="shared_match_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["other"], name="shared_match_other"),
            models.Index(
                fields=["-id"], condition=Q(decision__isnull=True), name="shared_match_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"pair {self.public_id}"
