"""What must be signed off before an organisation's first campaign (docs/reference/law.md, Art. 35)."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from crm.models.organisations import OwnedModel


class GoLive(OwnedModel):
    """One organisation's sign-off, and whether sending is on. Only a function of the database turns it on."""

    dpia_reference = models.CharField(
        max_length=120,
        blank=True,
        help_text="Where your data protection impact assessment is kept.",
    )
    dpia_signed_by = models.CharField(max_length=120, blank=True)
    dpia_signed_on = models.DateField(null=True, blank=True)
    sending_domain = models.CharField(
        max_length=120, blank=True, help_text="The part of the sender’s address after the @."
    )
    turned_on_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    turned_on_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation"], name="one_sign_off"),
        ]
