"""Whom a campaign was for, and each message: the queue, the proof and the history."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from crm.models import ContactPoint, OwnedModel, Supporter
from mailings.models.campaigns import Campaign, Version


class Audience(OwnedModel):
    """The decision about one supporter for one campaign, with every reason why not (bits of Reason)."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    version = models.ForeignKey(
        Version, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    # No foreign keys to people: a million checks cost more than the million rows.
    supporter = models.ForeignKey(
        Supporter, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    contact_point = models.ForeignKey(
        ContactPoint,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    reasons = models.BigIntegerField(default=0, help_text="0: may be mailed.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "organisation", "supporter"], name="audience_once"
            )
        ]
        indexes = [models.Index(fields=["supporter"], name="audience_of_supporter")]


class Delivery(OwnedModel):
    """One message to one inbox: the queue, the proof and the history. Its organisation is the version's."""

    class Status(models.IntegerChoices):
        """What became of the message."""

        PENDING = 0, "Waiting"
        SENT = 1, "Handed over"
        SKIPPED = 2, "Left out at the last moment"
        FAILED = 3, "Refused by the mail server"
        IN_DOUBT = 4, "May have been sent"
        DROPPED = 5, "May have been sent, and is not sent again"
        CALLED_OFF = 6, "Not sent: the campaign was called off"
        BEING_SENT = 7, "Being handed over"

    class Outcome(models.IntegerChoices):
        """What mail servers reported after it was handed over. A later number never gives way to an earlier one."""

        NONE = 0, "Nothing reported yet"
        DEFERRED = 1, "Delayed by the receiving server"
        DELIVERED = 2, "Delivered"
        REJECTED = 3, "Held back by the mail service"
        BOUNCED = 4, "Came back"
        UNSUBSCRIBED = 5, "Unsubscribed in their mail program"
        COMPLAINED = 6, "Marked as spam"

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    version = models.ForeignKey(
        Version, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    supporter = models.ForeignKey(
        Supporter, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    contact_point = models.ForeignKey(
        ContactPoint, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    mailbox = models.BinaryField(max_length=16)
    seq = models.IntegerField(help_text="Its place in the campaign's queue, from 1.")
    is_personal = models.BooleanField(
        default=True, help_text="Off: several people read this inbox."
    )
    is_coordinated = models.BooleanField(default=False, help_text="Out of staff's reach (R-SEC4).")
    status = models.SmallIntegerField(choices=Status.choices, default=Status.PENDING)
    reasons = models.BigIntegerField(default=0, help_text="Why it was left out at the last moment.")
    detail = models.CharField(
        max_length=200, blank=True, help_text="What the mail server answered."
    )
    settled_at = models.DateTimeField(null=True)
    outcome = models.SmallIntegerField(choices=Outcome.choices, default=0, db_default=0)
    outcome_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "mailbox"], name="one_copy_an_inbox"),
            models.UniqueConstraint(fields=["campaign", "seq"], name="one_place_in_the_queue"),
        ]
        indexes = [models.Index(fields=["supporter"], name="delivery_of_supporter")]


class OwnMessage(OwnedModel):
    """What staff see of the messages of their own campaigns: a view without the hash of the inbox."""

    id = models.BigIntegerField(primary_key=True)
    campaign = models.ForeignKey(
        Campaign, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    supporter = models.ForeignKey(
        Supporter, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    is_personal = models.BooleanField()
    status = models.SmallIntegerField(choices=Delivery.Status.choices)
    reasons = models.BigIntegerField()
    detail = models.CharField(max_length=200)
    settled_at = models.DateTimeField(null=True)
    outcome = models.SmallIntegerField(choices=Delivery.Outcome.choices)
    outcome_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "mailings_message"


class Chunk(models.Model):
    """A stretch of a campaign's queue that one worker holds at a time, with a fencing token.

    `cursor` is written before each message: after a crash everything before it is settled as sent, the one
    at it may have been sent, and the rest is waiting still.
    """

    class State(models.IntegerChoices):
        """Who may take it."""

        OPEN = 0, "Open"
        LEASED = 1, "Leased"
        DONE = 2, "Done"
        HALTED = 3, "Leased, and to be given back before the next message"

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="chunks", db_constraint=False, db_index=False
    )
    first = models.IntegerField()
    last = models.IntegerField()
    state = models.SmallIntegerField(choices=State.choices, default=State.OPEN)
    token = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    cursor = models.IntegerField(default=0, help_text="The place last begun; 0: none.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "first"], name="chunk_once")]
        indexes = [
            models.Index(fields=["campaign", "first"], condition=~Q(state=2), name="chunk_to_do")
        ]
