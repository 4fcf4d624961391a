"""The types of email, and the wordings that a yes to them rests on (docs/explanation/consent.md)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Case, F, Q, Value, When

from crm.models.organisations import Organisation, OwnedModel


class Purpose(OwnedModel):
    """What mail is for: the type of email that a person says yes or no to."""

    id = models.SmallAutoField(primary_key=True)
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    description = models.CharField(
        max_length=300, help_text="What people get and how often, in their words."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="purpose_once"),
            models.UniqueConstraint(fields=["organisation", "id"], name="purpose_owner"),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


IN_A_PICTURE = "The words are kept as a picture. Ask us for a copy of it."


class Statement(OwnedModel):
    """A version of the exact words a person was shown; never changed once used.

    The versions of one code are the same question in other words: a later wording, or the Easy Read one.
    """

    class Format(models.TextChoices):
        """How the words are written. Easy Read words are a wording of their own."""

        PLAIN = "plain", "Plain English"
        EASY_READ = "easy_read", "Easy Read"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(max_length=40, help_text="A short name, such as form-2025.")
    version = models.PositiveSmallIntegerField(default=1)
    format = models.CharField(max_length=20, choices=Format.choices, default=Format.PLAIN)
    words = models.TextField(
        blank=True,
        help_text="The exact words that people saw, or none if only a picture of them is left.",
    )
    has_picture = models.BooleanField(default=False)
    shown = models.GeneratedField(
        expression=Case(
            When(words="", then=Value(IN_A_PICTURE)),
            default=F("words"),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
        help_text="What stands where the words are read.",
    )
    organisations = models.ManyToManyField(
        Organisation, related_name="+", help_text="Every organisation that the words name."
    )
    purposes = models.ManyToManyField(Purpose, related_name="+")
    requires_confirmation = models.BooleanField(
        default=False, help_text="People had to confirm by a link in an email."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code", "version"],
                name="statement_once",
                violation_error_message="There is a wording of this short name already.",
            ),
            models.UniqueConstraint(fields=["organisation", "id"], name="statement_owner"),
            models.CheckConstraint(
                condition=~Q(words="") | Q(has_picture=True),
                name="statement_says_something",
                violation_error_message="Paste the words, or upload a picture of them.",
            ),
        ]
        ordering = ["code", "-version"]

    def __str__(self) -> str:
        return self.code if self.version == 1 else f"{self.code} ({self.version})"


class WordingPicture(OwnedModel):
    """A picture of the words of a statement, such as a photograph of the paper form; kept as it was brought.

    It is in the database, so that it is frozen, guarded and backed up with what hangs on it.
    """

    class Kind(models.TextChoices):
        """What a picture may be, by its media type."""

        PNG = "image/png"
        JPEG = "image/jpeg"
        WEBP = "image/webp"

    statement = models.ForeignKey(
        Statement, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "statement"], name="picture_once")
        ]

    def __str__(self) -> str:
        return f"picture of {self.statement_id}"
