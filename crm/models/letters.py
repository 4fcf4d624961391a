"""Service mail that waits to be sent: links, confirmations and answers, never a campaign."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from crm.models.organisations import OwnedModel
from crm.models.people import ContactPoint


class ServiceMail(OwnedModel):
    """One message of a fixed wording to one address; the row is the queue, and the address goes once sent.

    `facts` holds ids and codes only. The words are in templates/email/service, one file for each kind.
    """

    class Kind(models.TextChoices):
        """Which message it is; its template has the same name."""

        FRESH_LINK = "fresh_link", "A link to one’s own page"
        CONFIRM_SIGN_UP = "confirm_sign_up", "Confirm a sign-up"
        CONFIRM_YES = "confirm_yes", "Confirm a yes that was told to staff"
        CONFIRM_ADDRESS = "confirm_address", "Confirm a new address"
        STOPPED = "stopped", "Emails were stopped, with a way back"
        CASE = "case", "An answer to a request or a complaint"

    # Anyone can bring these about for any address: beyond the limit they are dropped, not put off.
    ASKED_FOR_BY_ANYONE = (
        Kind.FRESH_LINK,
        Kind.CONFIRM_SIGN_UP,
        Kind.CONFIRM_ADDRESS,
        Kind.STOPPED,
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    contact_point = models.ForeignKey(
        ContactPoint,
        models.CASCADE,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    address = models.CharField(
        max_length=320, blank=True, help_text="For somebody of whom nothing is kept (yet)."
    )
    mailbox = models.BinaryField(max_length=16, help_text="To count what one inbox gets.")
    facts = models.JSONField(default=dict, help_text="Ids and codes only, no words.")
    created_at = models.DateTimeField(auto_now_add=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=200, blank=True, help_text="Why it was not sent.")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at__isnull=True, failed_at__isnull=True),
                name="service_mail_waiting",
            ),
            models.Index(fields=["mailbox", "sent_at"], name="service_mail_of_inbox"),
            models.Index(fields=["organisation", "sent_at"], name="service_mail_sent"),
        ]
        constraints = [
            models.CheckConstraint(
                name="service_mail_has_a_receiver",
                condition=Q(contact_point__isnull=False)
                | ~Q(address="")
                | Q(sent_at__isnull=False)
                | Q(failed_at__isnull=False),
            )
        ]
