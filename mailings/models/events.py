"""What mail servers and services reported of messages after these were handed over."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mailings.models.deliveries import Delivery


class Event(models.Model):
    """One report about one message, kept once however often and in whichever order it comes.

    The address is kept as a keyed hash only, and of what a server said only its code. Belongs to nobody: what it
    says reaches the organisation by the message's outcome and by what is known of the address.
    """

    class State(models.IntegerChoices):
        """What was done about it."""

        WAITING = 0, "Waiting"
        SETTLED = 1, "Settled"
        UNKNOWN = 2, "About no message of ours"
        MATCHED = 3, "The message was moved on; what it says of the person is still to be written"

    id = models.BigAutoField(primary_key=True)
    route = models.CharField(max_length=20, help_text="Who reported it.")
    key = models.BinaryField(max_length=16, help_text="A digest of what makes it the same report.")
    kind = models.SmallIntegerField(choices=Delivery.Outcome.choices)
    is_permanent = models.BooleanField(
        default=False, help_text="No mail will ever arrive at this address."
    )
    message = models.UUIDField(null=True, help_text="The public id of the message, if it was told.")
    mailbox = models.BinaryField(max_length=16, null=True)
    code = models.CharField(max_length=12, blank=True, help_text="As in RFC 3463.")
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    state = models.SmallIntegerField(choices=State.choices, default=State.WAITING)
    delivery = models.ForeignKey(
        Delivery,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    campaign_id = models.BigIntegerField(null=True, help_text="That of the message, to count by.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "key"], name="one_report"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=[0, 3]), name="event_to_do"),
            models.Index(
                fields=["campaign_id", "kind"],
                condition=Q(campaign_id__isnull=False, kind__gte=3),
                name="event_against",
            ),
            models.Index(
                fields=["delivery"], condition=Q(delivery__isnull=False), name="event_of_delivery"
            ),
        ]
