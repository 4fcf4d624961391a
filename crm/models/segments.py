"""Saved rules over one organisation's supporters."""

from __future__ import annotations

import uuid

from django.db import models

from crm.models.organisations import OwnedModel


class Segment(OwnedModel):
    """A saved rule, evaluated whenever it is used (crm/segments.py reads the rules)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    # {"match": "all" | "any", "rules": [{"field": …, "op": …, "value": …}, …]}
    rules = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="segment_once",
                violation_error_message="There is a segment of this name already.",
            ),
            models.UniqueConstraint(fields=["organisation", "id"], name="segment_owner"),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
