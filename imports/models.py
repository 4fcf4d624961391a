"""Files that admins bring, the rows read from them, and what is wrong in them."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from crm.models import Batch, OwnedModel, Statement


def _admin(meaning: str) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text=meaning,
    )


# The file is on the list, whatever is being thought about it.
IN_FORCE = "applying applied proving proven granting weighing weighed undoing".split()
# A worker has something to do.
AT_WORK = "uploaded reading applying proving granting weighing undoing".split()


class Import(OwnedModel):
    """One file on its way to becoming records: where it stands and what its preview said."""

    class State(models.TextChoices):
        """Where the file stands; nothing is written to people before *applying*."""

        UPLOADED = "uploaded", "Waiting to be read"
        ASKING = "asking", "Waiting for you to say which column is what"
        READING = "reading", "Being read"
        PREVIEWED = "previewed", "Ready to check"
        DOUBTED = "doubted", "Waiting for a second admin"
        APPLYING = "applying", "Being imported"
        APPLIED = "applied", "Imported"
        REFUSED = "refused", "Could not be read"
        PROVING = "proving", "Seeing what the wording would do"
        PROVEN = "proven", "Wording given, waiting for a second admin"
        GRANTING = "granting", "Being given its wording"
        WEIGHING = "weighing", "Seeing what undoing would do"
        WEIGHED = "weighed", "Ready to undo"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    batch = models.OneToOneField(Batch, models.PROTECT, related_name="+", db_constraint=False)
    name = models.CharField(max_length=200, help_text="The file's own name.")
    file = models.FileField(upload_to="imports/%Y/%m")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file and of how it is read.")
    preset = models.CharField(max_length=40, blank=True)
    look = models.JSONField(
        default=dict,
        help_text="Headings and some cells, for an admin to say which column is what; empty after that.",
    )
    mapping = models.JSONField(default=dict, help_text="What the admin said (imports/mapping.py).")
    recalled_at = models.DateTimeField(
        null=True, help_text="When that was said, of an earlier file with the same headings."
    )
    statement = models.ForeignKey(
        Statement, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    collected_on = models.DateField(
        null=True, help_text="For those rows without a date of their own."
    )
    adults_only = models.BooleanField(default=False)
    origin = models.CharField(
        max_length=500,
        blank=True,
        help_text="Where a list that looks like another partner's comes from, in an admin's words.",
    )
    state = models.CharField(max_length=20, choices=State.choices, default=State.UPLOADED)
    trouble = models.TextField(blank=True, help_text="Why the file could not be read.")
    counts = models.JSONField(default=dict)
    undo = models.JSONField(default=dict, help_text="What undoing would do, or did, in numbers.")
    later = models.JSONField(
        default=dict,
        help_text="The wording and the date that it was given later, and how many that lets be emailed.",
    )
    uploaded_by = _admin("Who brought it.")
    started_by = _admin("Who let it be imported.")
    seconded_by = _admin("Who else did, where the file calls for a second admin.")
    later_by = _admin("Who gave it the wording later.")
    later_seconded_by = _admin("Who else did.")
    undo_asked_by = _admin("Who asked for it to be undone.")
    undo_seconded_by = _admin("Who else did, where that makes anyone mailable again.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="import_owner"),
            models.UniqueConstraint(
                fields=["organisation", "digest"],
                condition=Q(state__in=IN_FORCE),
                name="a_file_is_imported_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="import_list"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=AT_WORK),
                name="import_to_do",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SavedMapping(OwnedModel):
    """What an admin said of files with these headings: the next one is read in the same way."""

    shape = models.CharField(max_length=64, help_text="Of the set of headings.")
    mapping = models.JSONField(help_text="As of an import.")
    saved_by = _admin("Who said so last.")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "shape"], name="mapping_of_a_shape_once"
            )
        ]


class StagedRow(OwnedModel):
    """One row of a file, read and checked but not yet a record."""

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(
        Import, models.CASCADE, related_name="rows", db_constraint=False, db_index=False
    )
    line = models.PositiveIntegerField(help_text="Counted through all the files of a ZIP.")
    sheet = models.CharField(max_length=120, blank=True, help_text="Which file of a ZIP, or sheet.")
    sheet_line = models.PositiveIntegerField(help_text="The line as a person would count it.")
    first_name = models.CharField(max_length=120, blank=True)
    last_name = models.CharField(max_length=120, blank=True)
    name_forms = ArrayField(models.TextField(), default=list)
    last_fold = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=320, blank=True)
    folded = models.CharField(max_length=320, blank=True, db_collation="C")
    kind = models.SmallIntegerField(default=1)
    key_id = models.CharField(max_length=20, blank=True)
    address_key = models.BinaryField(max_length=16, null=True)
    mailbox = models.BinaryField(max_length=16, null=True)
    phone = models.CharField(max_length=20, blank=True)
    postcode = models.CharField(max_length=10, blank=True)
    external_id = models.CharField(max_length=60, blank=True)
    roles = ArrayField(models.SmallIntegerField(), default=list)
    topics = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    tags = ArrayField(models.TextField(), default=list)
    relationship = models.CharField(max_length=16, blank=True, db_default="")
    age_band = models.SmallIntegerField(default=0)
    action = models.SmallIntegerField(
        null=True, help_text="What the row says of permission (Action)."
    )
    occurred_at = models.DateTimeField(null=True)
    occurred_until = models.DateTimeField(null=True)
    bounces = models.BooleanField(default=False)
    terms = ArrayField(
        models.TextField(), default=list, help_text="What the row alone is found by."
    )
    data = models.JSONField(default=dict)
    refused = models.BooleanField(default=False, help_text="A mistake keeps the whole row out.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "line"], name="staged_once")]
        indexes = [models.Index(fields=["file", "folded"], name="staged_address")]


class Problem(OwnedModel):
    """What is wrong with a cell, as a sentence with line, column and value."""

    file = models.ForeignKey(
        Import, models.CASCADE, related_name="problems", db_constraint=False, db_index=False
    )
    line = models.PositiveIntegerField()
    sheet = models.CharField(max_length=120, blank=True)
    sheet_line = models.PositiveIntegerField()
    column = models.CharField(max_length=120)
    value = models.CharField(max_length=200)
    sentence = models.CharField(max_length=300)
    stops_row = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["file", "line"], name="problem_list")]


class ImportChunk(models.Model):
    """A stretch of lines applied in one transaction; applied once, however often it is tried."""

    file = models.ForeignKey(
        Import, models.CASCADE, related_name="chunks", db_constraint=False, db_index=False
    )
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    applied_at = models.DateTimeField(null=True)
    later_at = models.DateTimeField(null=True, help_text="When it was given the wording.")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "first"], name="import_chunk_once")]
