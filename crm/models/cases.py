"""Requests, complaints and incidents: what came, by when it is due, and everything that was done about it."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from crm.models.organisations import OwnedModel
from crm.models.people import Supporter

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another


def new_reference() -> str:
    """Make a short name to quote on the phone; it is random, since numbers would show how many there are."""
    one, other = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2))
    return f"{one}-{other}"


class BankHoliday(models.Model):
    """A day on which nothing falls due; `bin/manage load_bank_holidays` adds to them."""

    day = models.DateField(primary_key=True)
    name = models.CharField(max_length=80)


class Case(OwnedModel):
    """One request, complaint or incident of one organisation. What happened stands in its notes."""

    class Kind(models.TextChoices):
        """What it is, and so by when it is due (crm/deadlines.py)."""

        ACCESS = "access", "See what we hold"
        PORTABILITY = "portability", "Take their data elsewhere"
        RECTIFICATION = "rectification", "Correct what is wrong"
        ERASURE = "erasure", "Remove their details"
        RESTRICTION = "restriction", "Stop using their details for now"
        OBJECTION = "objection", "Stop our emails (objection)"
        COMPLAINT = "complaint", "Complaint"
        INCIDENT = "incident", "Incident"

    class CameBy(models.TextChoices):
        """How it reached us."""

        FORM = "form", "Our form on the web"
        EMAIL = "email", "Email, or an answer to an email"
        PHONE = "phone", "Phone"
        LETTER = "letter", "Letter"
        SOCIAL = "social", "Social media"
        PERSON = "person", "In person"
        OURSELVES = "ourselves", "We found it ourselves"

    class Outcome(models.TextChoices):
        """How it ended."""

        DONE = "done", "Done as asked"
        PARTLY = "partly", "Done in part"
        REFUSED = "refused", "Refused, and said why"
        WITHDRAWN = "withdrawn", "Taken back, or no answer came"
        NOTHING = "nothing", "Nothing was found"

    class Risk(models.IntegerChoices):
        """What an incident may do to people (UK GDPR Art. 33 and 34)."""

        UNKNOWN = 0, "Not judged yet"
        NONE = 1, "Unlikely to harm anybody"
        SOME = 2, "May harm people: tell the regulator"
        HIGH = 3, "May harm people badly: tell them as well"

    REQUESTS = (
        Kind.ACCESS,
        Kind.PORTABILITY,
        Kind.RECTIFICATION,
        Kind.ERASURE,
        Kind.RESTRICTION,
        Kind.OBJECTION,
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=12, default=new_reference, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    came_by = models.CharField(max_length=20, choices=CameBy.choices)
    received_at = models.DateTimeField()
    supporter = models.ForeignKey(
        Supporter,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    who = models.CharField(max_length=200, blank=True, help_text="In words, or from the form.")
    address = models.CharField(max_length=320, blank=True, help_text="Where they want the answer.")
    words = models.TextField(blank=True, help_text="What they said.")
    due_at = models.DateTimeField(null=True, help_text="None: nothing has a time limit now.")
    identity_asked_on = models.DateField(null=True)
    identity_received_on = models.DateField(null=True)
    clarification_asked_on = models.DateField(null=True)
    clarification_received_on = models.DateField(null=True)
    extended_on = models.DateField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    risk = models.SmallIntegerField(choices=Risk.choices, default=Risk.UNKNOWN)
    reported_at = models.DateTimeField(null=True, help_text="When the regulator was told.")
    people_told_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="case_owner"),
            models.UniqueConstraint(fields=["organisation", "reference"], name="case_reference"),
            models.CheckConstraint(
                name="case_answered_after_it_was_asked",
                condition=(
                    Q(identity_received_on__isnull=True)
                    | Q(identity_received_on__gte=F("identity_asked_on"))
                )
                & (
                    Q(clarification_received_on__isnull=True)
                    | Q(clarification_received_on__gte=F("clarification_asked_on"))
                ),
            ),
            models.CheckConstraint(
                name="closed_case_has_an_outcome",
                condition=Q(closed_at__isnull=True) | ~Q(outcome=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "due_at"],
                condition=Q(closed_at__isnull=True),
                name="case_open",
            ),
            models.Index(
                fields=["supporter"], condition=Q(supporter__isnull=False), name="case_of_supporter"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_request(self) -> bool:
        """Whether somebody used one of their rights."""
        return self.kind in self.REQUESTS

    @property
    def is_incident(self) -> bool:
        """Whether it is an incident."""
        return self.kind == self.Kind.INCIDENT

    @property
    def is_waiting_for_them(self) -> bool:
        """Whether the clock stands, until they answer what we asked."""
        identity = self.identity_asked_on and not self.identity_received_on
        return bool(
            identity or (self.clarification_asked_on and not self.clarification_received_on)
        )

    @property
    def next_step(self) -> str:
        """What is due, in words."""
        if self.closed_at:
            return "Closed"
        if self.is_waiting_for_them:
            return "Wait for their answer"
        if self.kind == self.Kind.COMPLAINT:
            return "Answer" if self.acknowledged_at else "Acknowledge"
        if self.is_incident:
            return "Close" if self.due_at is None else "Tell the regulator, or write down why not"
        return "Record the stop" if self.kind == self.Kind.OBJECTION else "Answer"


class CaseNote(OwnedModel):
    """One line of a case's log: append-only; erasure empties what people wrote, and nothing else."""

    case = models.ForeignKey(
        Case, models.CASCADE, related_name="notes", db_constraint=False, db_index=False
    )
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="None: Coalesce itself.",
    )
    is_log = models.BooleanField(
        help_text="A sentence of Coalesce's own, with nobody's data in it."
    )
    words = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["case"], name="note_of_case")]
        ordering = ["pk"]


class Pack(OwnedModel):
    """What one organisation holds on a person, as two files that are deleted after a day (UK GDPR Art. 15, 20)."""

    class State(models.TextChoices):
        """Where it stands; the row is the queue."""

        WAITING = "waiting", "Being made"
        READY = "ready", "Ready"
        DELETED = "deleted", "Deleted"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(
        Case, models.PROTECT, related_name="packs", db_constraint=False, db_index=False
    )
    supporter = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    as_json = models.FileField(upload_to="packs", blank=True)
    as_html = models.FileField(upload_to="packs", blank=True)
    kept_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="pack_owner")]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["waiting", "ready"]), name="pack_to_do"
            ),
            models.Index(fields=["case"], name="pack_of_case"),
        ]
