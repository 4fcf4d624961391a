"""Makes one row of every kind that belongs to an organisation, whatever kinds there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.models import (
    Action,
    ConsentEvent,
    GoLive,
    HashChain,
    Match,
    Membership,
    Organisation,
    OwnedModel,
    Person,
    Reach,
    Role,
    SignUpBox,
    SignUpForm,
    Source,
    Supporter,
    User,
)
from mailings.models import JointApproval
from tests import factories

Made = dict[type[models.Model], Any]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def owned_models() -> list[type[models.Model]]:
    """Give every kind of row that belongs to an organisation and has a table of its own."""
    return [m for m in apps.get_models() if issubclass(m, OwnedModel) and m._meta.managed]


def one_of_each(where: Organisation) -> Made:
    """Make one row of each kind for an organisation, each naming the others where it can."""
    staff = factories.user(where)
    made: Made = {
        Organisation: where,
        GoLive: GoLive.objects.get(organisation=where),
        User: staff,
        Membership: staff.memberships.get(),
        Person: Person.objects.create(),
        Role: Role.objects.get_or_create(code="ally", defaults={"label": "Supporter"})[0],
        Supporter: factories.supporter(where),
    }
    waiting = [model for model in owned_models() if model not in made]
    while waiting:
        ready = [model for model in waiting if _parents(model) <= made.keys()]
        assert ready, f"{waiting} name each other: make one of them by hand, as Supporter is made"
        for model in ready:
            made[model] = model._default_manager.create(**_values(model, made))
            waiting.remove(model)
    return made


def _links(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model is not model
    ]


def _parents(model: type[models.Model]) -> set[Any]:
    return {link.related_model for link in _links(model)}


def _values(model: type[models.Model], made: Made) -> dict[str, Any]:
    values: dict[str, Any] = {
        link.name: made[link.related_model]
        for link in _links(model)
        if not (link.null and link.related_model is User)  # who approved, or vouched: nobody yet
    }
    for field in model._meta.concrete_fields:
        if field.is_relation or field.has_default() or field.null or field.primary_key:
            continue
        if not (getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)):
            values[field.name] = _value(field)
    if model is JointApproval:
        values["user"] = factories.user(made[Organisation])  # somebody else than the author
    if model is Match:
        values["other"] = factories.supporter(made[Organisation])  # the older one is named first
    if model is SignUpForm:
        values["slug"] = made[Organisation].code.lower()
    if model is SignUpBox:
        values["role"] = None  # it asks one thing
    if "key_id" in values:
        values["key_id"] = HashChain.objects.get().key_id
    if model is ConsentEvent:
        values |= {"reach": Reach.CONTACT_POINT, "action": Action.GRANT, "batch": None}
        values |= {"source": Source.PERSONAL, "mailbox": b"m" * 16, "address_key": b"a" * 16}
    return values


def _value(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, models.BinaryField):
        return b"b" * (field.max_length or 16)
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.DateTimeField):
        return NOW
    if isinstance(field, models.DateField):
        return NOW.date()
    if isinstance(field, models.BooleanField):
        return False
    return 1 if isinstance(field, models.IntegerField | models.FloatField) else "x"
