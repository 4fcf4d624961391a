"""Supporters, their addresses, and the links that make several of them one person."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from crm.models.organisations import Branch, OwnedModel

# Of C collation: the beginning of a word is then a range, which a row-level policy lets reach an index.
FOLDED = "C"


class AgeBand(models.IntegerChoices):
    """What a person said of their age; a date of birth is never kept (docs/reference/law.md)."""

    NOT_SAID = 0, "Not said"
    FROM_13 = 13, "13 to 15"
    FROM_16 = 16, "16 or 17"
    ADULT = 18, "18 or over"


class Relationship(models.TextChoices):
    """How somebody stands to a membership organisation. No role: only their own organisation knows of it."""

    MEMBER = "member", "Member"
    FORMER = "former", "Former member"
    STUDENT = "student", "Student member"
    RETIRED = "retired", "Retired member"
    ASSOCIATE = "associate", "Associate member"
    SUPPORT_STAFF = "support staff", "Support staff section"


class Channel(models.IntegerChoices):
    """How a contact point reaches a person."""

    EMAIL = 1, "Email"
    PHONE = 2, "Phone"


class Supporter(OwnedModel):
    """One organisation's profile of one person, put together from that organisation's records."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Itself, unless merged into another; a merge sets it and moves nothing.
    canonical = models.ForeignKey(
        "self", models.PROTECT, related_name="merged", db_constraint=False, db_index=False
    )
    first_name = models.CharField(max_length=120, blank=True)
    last_name = models.CharField(max_length=120, blank=True)
    # Every given name this one may stand for (Liz: elizabeth), for matching; never queried by staff.
    name_forms = ArrayField(models.TextField(), default=list, blank=True)
    last_fold = models.CharField(max_length=120, blank=True, db_collation=FOLDED)
    postcode = models.CharField(max_length=10, blank=True, help_text="As in GU1 1AA.")
    postcode_fold = models.CharField(max_length=8, blank=True, db_collation=FOLDED)
    external_id = models.CharField(
        max_length=60, blank=True, help_text="Such as a membership number."
    )
    relationship = models.CharField(
        "membership", max_length=16, blank=True, db_default="", choices=Relationship.choices
    )
    branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    age_band = models.SmallIntegerField(choices=AgeBand.choices, default=AgeBand.NOT_SAID)
    restricted = models.BooleanField(default=False, help_text="Read-only at the person's request.")
    deceased = models.BooleanField(default=False)
    family_contact = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="How to reach the family of somebody who has died.",
    )
    only_important_since = models.DateTimeField(
        null=True, blank=True, help_text="Asked for important emails only, at this time."
    )
    erased_at = models.DateTimeField(
        null=True, editable=False, help_text="Nothing of the person is kept but this empty row."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="supporter_owner"),
            models.CheckConstraint(
                condition=Q(relationship__in=["", *Relationship.values]),
                name="supporter_relationship_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "-id"],
                condition=Q(id=F("canonical")),
                name="supporter_list",
            ),
            models.Index(
                fields=["canonical"], condition=~Q(id=F("canonical")), name="supporter_merged"
            ),
            models.Index(fields=["organisation", "postcode_fold"], name="supporter_area"),
            models.Index(
                fields=["organisation", "branch", "-id"],
                condition=Q(branch__isnull=False),
                name="supporter_branch",
            ),
        ]

    def __str__(self) -> str:
        return f"supporter {self.public_id}"

    @property
    def name(self) -> str:
        """The full name, or a phrase for those who gave none."""
        return f"{self.first_name} {self.last_name}".strip() or "No name given"


class ContactPoint(OwnedModel):
    """An email address or telephone of a supporter, as that organisation has it."""

    class Kind(models.IntegerChoices):
        """Whose the address is; a shared inbox is nobody's own."""

        PERSONAL = 1, "Personal"
        WORK = 2, "Work"
        SHARED = 3, "Shared inbox"

    class Problem(models.IntegerChoices):
        """Why mail does not reach the address, as this organisation's own sending or lists showed."""

        NONE = 0, "None"
        BOUNCES = 1, "Mail comes back"
        COMPLAINED = 2, "Marked our mail as spam"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    supporter = models.ForeignKey(
        Supporter,
        models.PROTECT,
        related_name="contact_points",
        db_constraint=False,
        db_index=False,
    )
    channel = models.SmallIntegerField(choices=Channel.choices, default=Channel.EMAIL)
    address = models.CharField(max_length=320, help_text="As it was given.")
    folded = models.CharField(max_length=320, db_collation=FOLDED, help_text="As it is compared.")
    kind = models.SmallIntegerField(choices=Kind.choices, default=Kind.PERSONAL)
    problem = models.SmallIntegerField(choices=Problem.choices, default=Problem.NONE)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text="Replaced by another address."
    )
    batch = models.ForeignKey(
        "crm.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The import that brought it; none if a person or staff did.",
    )
    links_from = models.DateTimeField(
        null=True, editable=False, help_text="Links made before can stop mail and nothing more."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="contact_point_owner"),
            models.UniqueConstraint(
                fields=["organisation", "supporter", "channel", "folded"],
                name="contact_point_once",
                violation_error_message="This person has this address already.",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "folded"], name="contact_point_address"),
        ]

    def __str__(self) -> str:
        return f"contact point {self.public_id}"


class AddressKey(OwnedModel):
    """The two keyed hashes of an email address; beside the contact point, out of staff's reach."""

    contact_point = models.OneToOneField(
        ContactPoint, models.CASCADE, primary_key=True, related_name="keys", db_constraint=False
    )
    key_id = models.CharField(max_length=20, help_text="Which secret made the hashes.")
    address_key = models.BinaryField(max_length=16, help_text="Narrow: binds a yes.")
    mailbox = models.BinaryField(
        max_length=16, help_text="Wide: carries a no, and one copy an inbox."
    )

    class Meta:
        indexes = [
            models.Index(fields=["mailbox", "organisation"], name="address_key_mailbox"),
        ]


class HashChain(models.Model):
    """The one row that says which chain of secrets made the hashes of this database (decision 0004).

    Triggers refuse hashes that name another, so that a process which missed a rotation writes none.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    key_id = models.CharField(max_length=20)
    proof = models.BinaryField(
        max_length=16, help_text="What a known text hashes to: tells two chains apart."
    )

    class Meta:
        constraints = [models.CheckConstraint(name="one_hash_chain", condition=Q(id=1))]


class SearchTerm(OwnedModel):
    """The beginning of any word by which staff may look for a supporter, folded."""

    pk = models.CompositePrimaryKey("organisation_id", "term", "supporter_id")
    supporter = models.ForeignKey(
        Supporter, models.CASCADE, related_name="terms", db_constraint=False, db_index=False
    )
    term = models.CharField(max_length=320, db_collation=FOLDED)

    class Meta:
        indexes = [models.Index(fields=["supporter"], name="search_term_supporter")]


class Person(models.Model):
    """The identity that links supporters across organisations: an id and nothing else."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)


class Link(OwnedModel):
    """A supporter accepted as a person; only the steward and the platform may read it."""

    supporter = models.OneToOneField(
        Supporter, models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    person = models.ForeignKey(Person, models.CASCADE, related_name="links")
    rule = models.CharField(max_length=40, help_text="What joined them.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organisation"], name="one_supporter_of_a_person"
            )
        ]


class Merge(OwnedModel):
    """Two supporters of one organisation made one: whom it moved, so that it can be undone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kept = models.ForeignKey(
        Supporter, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    moved = ArrayField(
        models.BigIntegerField(), help_text="Supporters whose canonical id this set."
    )
    rule = models.CharField(max_length=40)
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="merge_owner"),
        ]
        indexes = [
            models.Index(
                fields=["kept"], condition=Q(undone_at__isnull=True), name="merge_standing"
            ),
        ]
