"""Roles, topics and tags: data that an organisation edits, in link tables with small integer keys."""

from __future__ import annotations

from django.db import models

from crm.models.organisations import OwnedModel
from crm.models.people import Supporter


class Role(models.Model):
    """What a person says they are, such as SENCO; one vocabulary for the whole coalition."""

    id = models.SmallAutoField(primary_key=True)
    code = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    synonyms = models.TextField(
        blank=True, help_text="One a line: the words in spreadsheets that mean this role."
    )
    is_special = models.BooleanField(
        default=False, help_text="Special-category data: kept only with explicit consent."
    )

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class OwnedLabel(OwnedModel):
    """A name that one organisation chose; labels are provenance too (R-SEC5)."""

    name = models.CharField(max_length=80)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Topic(OwnedLabel):
    """What a person may choose to hear about."""

    id = models.SmallAutoField(primary_key=True)

    class Meta(OwnedLabel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="topic_once"),
            models.UniqueConstraint(fields=["organisation", "id"], name="topic_owner"),
        ]


class Tag(OwnedLabel):
    """What an organisation notes about supporters."""

    id = models.AutoField(primary_key=True)

    class Meta(OwnedLabel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="tag_once",
                violation_error_message="There is a tag of this name already.",
            ),
            models.UniqueConstraint(fields=["organisation", "id"], name="tag_owner"),
        ]


class SupporterRole(OwnedModel):
    """A role that a supporter has, with whence and since when."""

    pk = models.CompositePrimaryKey("supporter_id", "role_id")
    supporter = models.ForeignKey(
        Supporter, models.CASCADE, related_name="roles", db_constraint=False, db_index=False
    )
    role = models.ForeignKey(Role, models.PROTECT, related_name="+", db_index=False)
    as_of = models.DateField(null=True, blank=True)
    batch = models.ForeignKey(
        "crm.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # Explicit consent to keep a special role (Article 9): what the person read, and when they ticked it.
    statement = models.ForeignKey(
        "crm.Statement",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "role", "supporter"], name="has_role")]


class SupporterTopic(OwnedModel):
    """A topic that a supporter chose to hear about, or told us to leave out."""

    pk = models.CompositePrimaryKey("supporter_id", "topic_id")
    supporter = models.ForeignKey(
        Supporter, models.CASCADE, related_name="topics", db_constraint=False, db_index=False
    )
    topic = models.ForeignKey(
        Topic, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    wanted = models.BooleanField(
        default=True, help_text="Off: they unticked it, and get no campaign about it."
    )
    batch = models.ForeignKey(
        "crm.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The import that brought it; none if the person did.",
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "topic", "supporter"],
                condition=models.Q(wanted=True),
                name="has_topic",
            )
        ]


class SupporterTag(OwnedModel):
    """A tag that an organisation gave a supporter."""

    pk = models.CompositePrimaryKey("supporter_id", "tag_id")
    supporter = models.ForeignKey(
        Supporter, models.CASCADE, related_name="tags", db_constraint=False, db_index=False
    )
    tag = models.ForeignKey(
        Tag, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        "crm.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The import that brought it; none if staff did.",
    )

    class Meta:
        indexes = [models.Index(fields=["organisation", "tag", "supporter"], name="has_tag")]
