"""Campaigns, their texts, who approved them, and the sums that are kept of them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from crm.models import Organisation, OwnedModel, Purpose, Segment, Topic


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
    mentions_candidate = models.BooleanField(
        default=False, help_text="It then needs a second approver and the election's name."
    )
    election = models.CharField(max_length=80, blank=True, default="")
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
                name="names_its_election",
                condition=Q(state__in=["draft", "cancelled"])
                | Q(mentions_candidate=False)
                | ~Q(election=""),
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
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The first of two approvers, if it mentions a candidate.",
    )
    checked_at = models.DateTimeField(null=True, blank=True)
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
                name="checked_by_a_third_person",
                condition=Q(checked_by__isnull=True)
                | (
                    ~Q(checked_by=F("author"))
                    & (Q(approved_by__isnull=True) | ~Q(checked_by=F("approved_by")))
                ),
            ),
            models.CheckConstraint(
                name="approval_is_dated",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
        ]


class JointApproval(OwnedModel):
    """One partner's approval of the coalition's text; with one of each partner the text is approved."""

    version = models.ForeignKey(
        Version, models.CASCADE, related_name="approvals", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    approved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "partner"], name="one_approval_a_partner"),
            models.UniqueConstraint(fields=["version", "user"], name="one_approval_a_person"),
        ]


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
