"""Who approved the text that the coalition sends on behalf of its partners."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from crm.models import Organisation, OwnedModel
from mailings.models.campaigns import Version


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
