"""Who did what: changes, views and exports, written by the database itself and kept for good (R-SEC8)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from crm.models.organisations import OwnedModel
from crm.models.people import Supporter


class AuditEntry(OwnedModel):
    """One act of somebody on one row. Nobody may change it; erasure empties its values, and those alone."""

    class Kind(models.IntegerChoices):
        """What was done."""

        VIEW = 1, "Looked at"
        EXPORT = 2, "Exported"
        INSERT = 3, "Added"
        UPDATE = 4, "Changed"
        DELETE = 5, "Removed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="None: nobody was signed in.",
    )
    at = models.DateTimeField()
    kind = models.SmallIntegerField(choices=Kind.choices)
    table = models.CharField(max_length=63)
    row = models.CharField(max_length=40, blank=True, help_text="The row's key; stays inside.")
    supporter = models.ForeignKey(
        Supporter,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Whose row it is, if it is a person's.",
    )
    # {column: [before, after]}; null in place of the pair: a secret, or forgotten by an erasure.
    changes = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-id"], name="audit_list"),
            models.Index(
                fields=["organisation", "supporter", "-id"],
                condition=models.Q(supporter__isnull=False),
                name="audit_of_supporter",
            ),
            models.Index(fields=["organisation", "user", "-id"], name="audit_of_user"),
        ]
