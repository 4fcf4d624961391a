"""What is kept no longer: erasures, the report of what has had its time, and the journal that outlives a backup."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.models.cases import Case
from crm.models.organisations import OwnedModel
from crm.models.people import Supporter


class Erasure(OwnedModel):
    """Somebody is to be taken out of one organisation's list; the row is the queue, and stays."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    supporter = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    case = models.ForeignKey(
        Case, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(done_at__isnull=True), name="erasure_to_do"),
            models.Index(fields=["supporter"], name="erasure_of_supporter"),
        ]


class RetentionReport(OwnedModel):
    """What has had its time, by rule: first counted, then approved by an admin, then done (crm/retention.py)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)
    counts = models.JSONField(default=dict, help_text="Rule to number of rows that would go.")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    approved_at = models.DateTimeField(null=True)
    gone = models.JSONField(default=dict, help_text="Rule to number of rows that went.")
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-id"], name="retention_list"),
            models.Index(
                fields=["id"],
                condition=Q(approved_at__isnull=False, done_at__isnull=True),
                name="retention_to_do",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="retention_done_once_approved",
                condition=Q(done_at__isnull=True) | Q(approved_at__isnull=False),
            )
        ]


class JournalMark(models.Model):
    """How far the journal of refusals goes, as this database knows it: one row (docs/decisions/0012).

    A database that was restored from a backup knows less than the journal says.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    line = models.BigIntegerField(default=0, help_text="The number of the last line written.")
    behind_since = models.DateTimeField(
        null=True, help_text="Since when no mail goes out; the home page says so."
    )

    class Meta:
        constraints = [models.CheckConstraint(name="one_journal_mark", condition=Q(id=1))]


class WaitingRefusal(models.Model):
    """A refusal that is not in the journal yet; put here by the database itself, in the refusal's transaction."""

    organisation_code = models.CharField(max_length=20, blank=True, help_text="Empty: everyone.")
    mailbox = models.BinaryField(max_length=16, null=True)
    purpose_code = models.CharField(max_length=40, blank=True)
    action = models.SmallIntegerField(null=True)
    flag = models.CharField(
        max_length=20, blank=True, help_text="restricted, unrestricted or deceased."
    )
    entry = models.UUIDField(null=True, help_text="Whose erasure or flag it is: an id, no name.")
    at = models.DateTimeField()
