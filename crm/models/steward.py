"""What the data steward looked at: kept apart from every organisation's audit, which would give links away."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class StewardView(models.Model):
    """One look of a steward; written by the function that showed it, and changed by nobody."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_constraint=False
    )
    at = models.DateTimeField()
    page = models.CharField(max_length=40)
    shown = ArrayField(models.UUIDField(), default=list, help_text="Persons or campaigns.")
