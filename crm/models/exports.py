"""People as a spreadsheet, for the one who asked and said why: made in the background, gone after a day."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.models.organisations import OwnedModel
from crm.models.segments import Segment


class Export(OwnedModel):
    """One export that was asked for; the row is the queue, and stays when the file is deleted."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Being made"
        READY = "ready", "Ready"
        REFUSED = "refused", "Could not be made"
        DELETED = "deleted", "Deleted after 24 hours"

    class Format(models.TextChoices):
        """What the file is."""

        XLSX = "xlsx", "Excel (XLSX)"
        CSV = "csv", "CSV"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    segment = models.ForeignKey(
        Segment, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    is_whole_list = models.BooleanField()
    group = models.CharField(
        max_length=80, blank=True, help_text="People that another app knows (crm/exportable.py)."
    )
    what = models.CharField(max_length=140, help_text="The segment's name when it was asked for.")
    format = models.CharField(max_length=10, choices=Format.choices)
    reason = models.CharField(max_length=500)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    trouble = models.CharField(max_length=300, blank=True)
    file = models.FileField(upload_to="exports/%Y/%m", blank=True)
    people = models.PositiveIntegerField(null=True)
    kept_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "requested_by", "-id"], name="export_list"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "ready"]),
                name="export_to_do",
            ),
        ]

    def __str__(self) -> str:
        return self.what
