"""Campaigns, their texts, whom they were for, and each message's history."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from crm.models import ContactPoint, Organisation, OwnedModel, Purpose, Segment, Supporter, Topic


class Campaign(OwnedModel):
    """One mailing. Its owner is the organisation, or the coalition when several take part."""

    class Mode(models.TextChoices):
        """Who mails whom (docs/explanation/consent.md)."""

        OWN = "own", "One organisation"
        JOINT = "joint", "The coalition’s own list, on behalf of both"
        COORDINATED = "coordinated", "Both organisations, one email each person"

    class State(models.TextChoices):
        """Where the mailing stands. A campaign is not done while a message may have been sent."""

        DRAFT = "draft", "Draft"
        SCHEDULED = "scheduled", "Approved, waiting for its time"
        SENDING = "sending", "Sending"
        PAUSED = "paused", "Paused"
        DONE = "done", "Sent"
        CANCELLED = "cancelled", "Cancelled"

    class OnDoubt(models.TextChoices):
        """What happens to a message of which nobody can know whether it was sent (RFC 1047)."""

        HOLD = "hold", "Wait until somebody decides"
        RESEND = "resend", "Send it again: somebody may get it twice"
        DROP = "drop", "Do not send it again: somebody may not get it"

    class Route(models.TextChoices):
        """By whose relay or mail service it leaves."""

        PLATFORM = "platform", "The platform’s"
        OWN = "own", "The organisation’s own"

    class Why(models.TextChoices):
        """Why it is paused, or what is to be looked at while it is sent."""

        NOTHING = "", "Nothing"
        PERSON = "person", "Somebody paused it"
        LATE = "late", "Sending stood still for hours"
        COMPLAINTS = "complaints", "Too many people marked it as spam"
        BOUNCES = "bounces", "Too many emails came back"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    mode = models.CharField(max_length=20, choices=Mode.choices, default=Mode.OWN)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    due_at = models.DateTimeField(null=True, blank=True)
    suitable_for_under_18 = models.BooleanField(default=False)
    is_important = models.BooleanField(
        default=False, help_text="Goes to those, too, who asked for important emails only."
    )
    members_only = models.BooleanField(
        default=False, help_text="Never goes to an inbox that several people read (R-SEC7)."
    )
    on_doubt = models.CharField(max_length=10, choices=OnDoubt.choices, default=OnDoubt.HOLD)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    route = models.CharField(max_length=10, choices=Route.choices, default=Route.PLATFORM)
    paused_why = models.CharField(max_length=12, choices=Why.choices, blank=True, default="")
    warned_of = models.CharField(max_length=12, choices=Why.choices, blank=True, default="")
    swept_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep last saw it being sent, to the minute."
    )
    let_go = models.JSONField(
        default=dict, help_text="How many complaints and bounces there were when somebody went on."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="campaign_owner"),
            models.CheckConstraint(
                name="together_by_the_platform",  # a partner's account would list the receivers (R-SEC4)
                condition=Q(mode="own") | Q(route="platform"),
            ),
            models.CheckConstraint(
                name="due_before_it_starts",
                condition=Q(state__in=["draft", "cancelled"]) | Q(due_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="campaign_list"),
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["scheduled", "sending", "paused"]),
                name="campaign_at_work",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        """Whether its texts may still be edited."""
        return self.state == self.State.DRAFT

    @property
    def is_coordinated(self) -> bool:
        """Whether several organisations mail their own people together."""
        return self.mode == self.Mode.COORDINATED

    @property
    def is_joint(self) -> bool:
        """Whether it goes to the coalition's own list, on behalf of every partner."""
        return self.mode == self.Mode.JOINT

    def on_behalf_of(self) -> list[Organisation]:
        """Give those on whose behalf it is sent: each one's imprint stands in every message."""
        if self.mode == self.Mode.OWN:
            return [self.organisation]
        return list(Organisation.objects.filter(is_partner=True))


class Version(OwnedModel):
    """One organisation's text of a campaign, for whom, and who approved it. Frozen once approved."""

    class ExtraLink(models.TextChoices):
        """A link below the text, beside the one that stops emails; each reader has their own."""

        NONE = "", "No"
        JOINT = "joint", "Invite readers to the joint list"
        RENEWAL = "renewal", "Ask readers whether they want to keep getting emails"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="versions", db_constraint=False
    )
    segment = models.ForeignKey(
        Segment, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    topic = models.ForeignKey(
        Topic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="People who unticked it are left out.",
    )
    subject = models.CharField(max_length=200)
    body = models.TextField(
        help_text="Plain text with Markdown; {{ first_name|friend }} is filled in."
    )
    extra_link = models.CharField(
        max_length=20, choices=ExtraLink.choices, blank=True, default=ExtraLink.NONE
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "organisation"], name="one_text_for_an_organisation"
            ),
            models.UniqueConstraint(fields=["organisation", "id"], name="version_owner"),
            models.CheckConstraint(
                name="approved_by_somebody_else",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("author")),
            ),
            models.CheckConstraint(
                name="approval_is_dated",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
        ]


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


class Figures(models.Model):
    """The totals of a campaign of several organisations: counted once, when it is done, and shown rounded.

    Counted once, because two looks at a moving number, or at two segments, can be subtracted (R-SEC4).
    """

    campaign = models.OneToOneField(
        Campaign, models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    messages = models.IntegerField()
    overlap = models.IntegerField(help_text="Inboxes that several organisations could have mailed.")
    sent = models.IntegerField()
    refused = models.IntegerField(help_text="By the mail server.")
    delivered = models.IntegerField(null=True, help_text="Counted once, a week after it was done.")
    bounced = models.IntegerField(null=True)
    complained = models.IntegerField(null=True)
    counted_at = models.DateTimeField()


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


class CampaignSum(OwnedModel):
    """How many people a campaign meant, by decision or outcome: all that is kept of it after 24 months."""

    class Of(models.TextChoices):
        """What was counted."""

        DECISIONS = "decisions", "People, by the reasons why not (bits of Reason)"
        MESSAGES = "messages", "Messages, by what became of them (Delivery.Status)"
        OUTCOMES = "outcomes", "Messages handed over, by what was reported (Delivery.Outcome)"

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    of = models.CharField(max_length=20, choices=Of.choices)
    code = models.BigIntegerField()
    people = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "organisation", "of", "code"], name="one_sum"
            )
        ]
