"""Sign-up forms: what an organisation asks on its own site, and the boxes that people may tick."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.models.groups import Role
from crm.models.organisations import OwnedModel
from crm.models.wordings import Purpose, Statement


class SignUpForm(OwnedModel):
    """A public form. The coalition's may carry boxes of the partners, each put there by the partner itself."""

    slug = models.SlugField(
        max_length=40,
        unique=True,
        error_messages={"unique": "Another form has this address already. Choose another."},
        help_text="The end of its web address.",
    )
    title = models.CharField(max_length=120)
    introduction = models.CharField(max_length=500, blank=True)
    asks_postcode = models.BooleanField(default=True)
    asks_roles = models.BooleanField(default=True)
    asks_topics = models.BooleanField(default=True)
    is_open = models.BooleanField(default=True)
    sites = models.CharField(
        max_length=500, blank=True, help_text="Which sites may show it inside their pages."
    )
    turned_away = models.PositiveIntegerField(
        default=0, help_text="How many said that they are under 13. Nothing else is kept of them."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="sign_up_form_owner")
        ]
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class SignUpBox(OwnedModel):
    """A box of a form, unticked: a yes to one type of email, or to keeping one special role.

    Its organisation is the one that asks, and whose wording it is.
    """

    form = models.ForeignKey(
        SignUpForm, models.CASCADE, related_name="boxes", db_constraint=False, db_index=False
    )
    wording = models.ForeignKey(
        Statement, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    easy_wording = models.ForeignKey(
        Statement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The same question in Easy Read.",
    )
    purpose = models.ForeignKey(
        Purpose,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    role = models.ForeignKey(
        Role, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["form", "purpose"], name="one_box_an_email_type"),
            models.UniqueConstraint(
                fields=["form", "organisation", "role"], name="one_box_a_special_role"
            ),
            models.CheckConstraint(
                name="a_box_asks_one_thing",
                condition=Q(purpose__isnull=True, role__isnull=False)
                | Q(purpose__isnull=False, role__isnull=True),
            ),
        ]
        ordering = ["role", "pk"]
