"""Organisations, the people who work for them, and who may do what."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class Organisation(models.Model):
    """A controller of data: a partner, or the coalition itself, which owns the joint list."""

    id = models.SmallAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    is_partner = models.BooleanField(
        default=True, help_text="Off for the coalition, which owns the joint list."
    )
    legal_name = models.CharField(
        max_length=200, help_text="As it must stand in the imprint of every email."
    )
    postal_address = models.CharField(max_length=300, help_text="One line, for the imprint.")
    sender_name = models.CharField(max_length=120)
    sender_address = models.EmailField(help_text="The From address; its domain must be yours.")
    reply_address = models.EmailField(help_text="Read by a person every working day.")
    telling_words = models.CharField(
        max_length=500,
        blank=True,
        default="member, members, membership, union",
        help_text="Words in a subject that give somebody’s membership away (R-SEC7).",
    )
    most_a_week = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="How many of your emails one person gets in seven days at the most.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="most_a_week_is_some",
                condition=Q(most_a_week__isnull=True) | Q(most_a_week__range=(1, 50)),
            ),
            models.UniqueConstraint(
                fields=["is_partner"],
                condition=Q(is_partner=False),
                name="one_coalition",
                violation_error_message="There is one coalition already.",
            ),
            models.UniqueConstraint(fields=["id", "is_partner"], name="organisation_kind"),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class OwnedModel(models.Model):
    """A row that belongs to one organisation: guarded by a row-level policy and composite foreign keys."""

    # The constraint is in the migrations: composite where there is a parent, plain where there is none.
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        abstract = True


class Branch(OwnedModel):
    """A part of an organisation, such as a district of a union, whose officers see its own people only."""

    id = models.SmallAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="branch_once",
                violation_error_message="There is a branch of this name already.",
            ),
            models.UniqueConstraint(fields=["organisation", "id"], name="branch_owner"),
        ]
        ordering = ["name"]
        verbose_name_plural = "branches"

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes accounts; addresses are kept in lower case, so that there is one for each inbox."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Make an account; without a password it can sign in only after an invitation is accepted."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Find the account of an address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """An account of a member of staff. What it may do follows from its memberships."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_steward = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The neutral data role, which sees links across organisations, masked.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id", "is_steward"], name="account_kind")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Whether the account may open the reference tables (Django's admin)."""
        return self.is_active and self.memberships.filter(role=Membership.Role.ADMIN).exists()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Admins may edit every reference table that the admin site shows."""
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Admins see every group of reference tables."""
        return self.is_staff


class SignInTries(models.Model):
    """How often somebody tried to sign in to one account, or from one place, since when.

    Neither the address of the account nor that of the place is kept: the row is found by a keyed hash.
    """

    bucket = models.BinaryField(max_length=16, primary_key=True)
    tries = models.IntegerField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["since"], name="sign_in_tries_over")]


class Membership(OwnedModel):
    """An account's role in one organisation. No account holds roles in two partners (house rule 4)."""

    class Role(models.TextChoices):
        """What a member of staff may do."""

        ORGANISER = "organiser", "Organiser"
        ADMIN = "admin", "Admin"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.ORGANISER)
    branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Whose people they look after; none: the whole organisation.",
    )
    # Copied from the organisation, and kept true by a composite foreign key: the constraint below needs it.
    in_partner = models.BooleanField(default=True, editable=False)
    # Never true, and tied to the account's own by a composite foreign key: no steward works for anybody.
    of_steward = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"],
                name="one_role_in_an_organisation",
                violation_error_message="This person works here already.",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(in_partner=True),
                name="one_partner_for_an_account",
                violation_error_message="This account works for another partner.",
            ),
            models.CheckConstraint(condition=Q(of_steward=False), name="a_member_is_no_steward"),
            models.CheckConstraint(
                condition=Q(branch__isnull=True) | Q(role="organiser"),
                name="an_admin_is_of_the_whole_organisation",
                violation_error_message="An admin looks after the whole organisation.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.organisation}"
