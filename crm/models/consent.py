"""The ledger of consent, and what it folds to (docs/explanation/consent.md)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from crm.models.organisations import OwnedModel
from crm.models.people import Channel, ContactPoint, Supporter
from crm.models.wordings import Purpose, Statement


class Reach(models.IntegerChoices):
    """How far an event goes. A grant never goes beyond its own address."""

    CONTACT_POINT = 1, "this address of this person"
    SUPPORTER = 2, "this person, whatever the address"
    MAILBOX = 3, "this inbox, whoever reads it"


class Action(models.IntegerChoices):
    """What happened. The refusals are numbered by gravity: of two at one time the greater is named."""

    GRANT = 1, "said yes"
    DENY = 2, "was asked and said no"
    WITHDRAW = 3, "took their yes back"
    COMPLAINT = 4, "marked mail as spam"
    UNSUB_ALL_ORG = 5, "told the organisation to stop"
    OBJECT = 6, "objected to campaign mail"
    STOP_EVERYTHING = 7, "told both organisations to stop"
    ERASED = 8, "was erased at their request"
    PAUSE = 9, "asked for a pause"
    RESUME = 10, "ended the pause"
    CONFIRM = 11, "confirmed by email"
    EXPIRE = 12, "permission ran out"
    CORRECTION = 13, "an import's mistake was taken out"


class Source(models.IntegerChoices):
    """Who is behind an event; only a person's own act can lift a refusal."""

    PERSONAL = 1, "the person"
    STAFF = 2, "staff, on the person's behalf"
    IMPORT = 3, "a list"
    SYSTEM = 4, "the system"


class Scope(models.IntegerChoices):
    """Of what a refusal speaks, numbered by width: of two equal ones the wider is named."""

    PURPOSE = 1, "this type of email"
    CHANNEL = 2, "email, whatever it is about"
    EVERYTHING = 3, "everything"


class Batch(OwnedModel):
    """One import, as the source of records and events; undone, all its events say nothing."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    label = models.CharField(max_length=200)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    without_wording = models.PositiveIntegerField(
        default=0, help_text="Rows that say yes to words which nobody had at hand."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="batch_owner")]
        indexes = [models.Index(fields=["organisation", "-id"], name="batch_list")]


class AbstractEvent(OwnedModel):
    """What staff may read of an event: everything but the hashes."""

    supporter = models.ForeignKey(
        Supporter, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    contact_point = models.ForeignKey(
        ContactPoint,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    reach = models.SmallIntegerField(choices=Reach.choices)
    purpose = models.ForeignKey(
        Purpose,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="None: every type of email of this organisation.",
    )
    channel = models.SmallIntegerField(choices=Channel.choices, null=True, help_text="None: all.")
    action = models.SmallIntegerField(choices=Action.choices)
    source = models.SmallIntegerField(choices=Source.choices)
    source_detail = models.CharField(max_length=80, blank=True, help_text="Codes only, no words.")
    statement = models.ForeignKey(
        Statement, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    # The time that was stated, as an interval: a day is its first and its last moment. None: not stated.
    occurred_at = models.DateTimeField(null=True)
    occurred_until = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    paused_until = models.DateTimeField(null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    second_actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Who else vouched for a yes that staff recorded after a refusal.",
    )
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    act_id = models.UUIDField(null=True, help_text="Events of one act of a person share it.")
    confirms = models.ForeignKey(
        "crm.ConsentEvent",
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    corrects = models.ForeignKey(
        "crm.ConsentEvent",
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    evidence = models.BinaryField(
        max_length=32, null=True, help_text="SHA-256 of the words kept in EvidenceNote."
    )

    class Meta:
        abstract = True


class ConsentEvent(AbstractEvent):
    """One dated act or statement about permission: append-only, kept so by the database.

    The hashes are copied at writing, so that a refusal survives erasure and covers re-imports;
    a trigger fills them in for writers who may not read them.
    """

    address_key = models.BinaryField(max_length=16, null=True)
    mailbox = models.BinaryField(max_length=16, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["supporter"], name="event_supporter"),
            models.Index(fields=["mailbox", "organisation"], name="event_mailbox"),
            models.Index(
                fields=["confirms"], condition=Q(confirms__isnull=False), name="event_confirms"
            ),
            models.Index(
                fields=["corrects"], condition=Q(corrects__isnull=False), name="event_corrects"
            ),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="event_batch"),
            # Whoever is imported is looked for among the erased, who are few.
            models.Index(
                fields=["mailbox"], condition=Q(action=Action.ERASED), name="event_erased"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="event_reach_is_whole",
                condition=Q(
                    reach=Reach.CONTACT_POINT,
                    supporter__isnull=False,
                    contact_point__isnull=False,
                    address_key__isnull=False,
                    mailbox__isnull=False,
                )
                | Q(reach=Reach.SUPPORTER, supporter__isnull=False)
                | Q(reach=Reach.MAILBOX, mailbox__isnull=False),
            ),
            models.CheckConstraint(
                name="grant_is_narrow",
                condition=~Q(action=Action.GRANT)
                | Q(reach=Reach.CONTACT_POINT, purpose__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_events_are_imports",
                condition=Q(source=Source.IMPORT, batch__isnull=False)
                | (~Q(source=Source.IMPORT) & Q(batch__isnull=True)),
            ),
            models.CheckConstraint(
                name="confirmation_names_its_grant",
                condition=Q(action=Action.CONFIRM, confirms__isnull=False)
                | (~Q(action=Action.CONFIRM) & Q(confirms__isnull=True)),
            ),
            models.CheckConstraint(
                name="correction_names_its_event",
                condition=Q(action=Action.CORRECTION, corrects__isnull=False)
                | (~Q(action=Action.CORRECTION) & Q(corrects__isnull=True)),
            ),
            models.CheckConstraint(
                name="stated_time_is_an_interval",
                condition=Q(occurred_at__isnull=True, occurred_until__isnull=True)
                | Q(occurred_until__gte=F("occurred_at")),
            ),
            models.CheckConstraint(
                name="pause_has_an_end",
                condition=~Q(action=Action.PAUSE) | Q(paused_until__isnull=False),
            ),
        ]


class ConsentHistory(AbstractEvent):
    """The events of one's own organisation as staff may read them: a view without the hashes."""

    class Meta:
        managed = False
        db_table = "crm_consenthistory"


class EvidenceNote(OwnedModel):
    """Words of evidence beside an event (a note, a script), found by digest; they can be erased."""

    pk = models.CompositePrimaryKey("organisation_id", "digest")
    digest = models.BinaryField(max_length=32)
    words = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)


class ConsentState(OwnedModel):
    """The dates that the events of one address and one type of email fold to; never a status."""

    pk = models.CompositePrimaryKey("contact_point_id", "purpose_id")
    contact_point = models.ForeignKey(
        ContactPoint, models.CASCADE, related_name="states", db_constraint=False, db_index=False
    )
    purpose = models.ForeignKey(
        Purpose, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    granted_at = models.DateTimeField(null=True)
    grant = models.ForeignKey(
        ConsentEvent,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    statement = models.ForeignKey(
        Statement, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    names_organisation = models.BooleanField(default=False)
    needs_confirmation = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refusal = models.SmallIntegerField(choices=Action.choices, null=True)
    refusal_scope = models.SmallIntegerField(choices=Scope.choices, null=True)
    refusal_event = models.ForeignKey(
        ConsentEvent,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    expires_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "purpose", "contact_point"],
                condition=Q(granted_at__isnull=False, refused_at__isnull=True),
                name="state_permitted",
            ),
            models.Index(
                fields=["organisation", "contact_point"],
                condition=Q(refusal=Action.OBJECT),
                name="state_objected",
            ),
        ]


class PlatformStop(models.Model):
    """An inbox whose reader told everyone to stop: covers what is imported later by anyone.

    An erasure is not written here: it is one organisation's own refusal of the inbox, and another
    organisation must not notice it (scenario 16).
    """

    mailbox = models.BinaryField(max_length=16, primary_key=True)
    key_id = models.CharField(max_length=20)
    stopped_at = models.DateTimeField()


class Deliverability(OwnedModel):
    """What one organisation's own sending or lists taught about an inbox; never another's (R-SEC4b)."""

    pk = models.CompositePrimaryKey("organisation_id", "mailbox")
    mailbox = models.BinaryField(max_length=16)
    problem = models.SmallIntegerField(choices=ContactPoint.Problem.choices)
    since = models.DateTimeField()
    batch = models.ForeignKey(
        Batch,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The import that said so; none if our own sending did.",
    )
