"""The steward's looks at links across organisations, each noted by the database as it answers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection

from crm.models import User


@dataclass(frozen=True, slots=True)
class Side:
    """What one organisation has of a person, masked."""

    organisation: str
    initials: str
    address: str
    rule: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class SharedPerson:
    """One person whom several organisations know."""

    public_id: uuid.UUID
    sides: list[Side]


def links(*, before: uuid.UUID | None, size: int) -> list[SharedPerson]:
    """Give persons whom several organisations know, newest first. Steward scope; the look is noted."""
    return _asked("SELECT * FROM crm_steward_links(%s, %s)", [before, size])


def link(*, public_id: uuid.UUID) -> SharedPerson | None:
    """Give one such person, or None. Steward scope; the look is noted."""
    return next(iter(_asked("SELECT * FROM crm_steward_link(%s)", [public_id])), None)


def _asked(sql: str, values: list[Any]) -> list[SharedPerson]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return [
        SharedPerson(person, [Side(*side) for _, *side in sides])
        for person, sides in groupby(rows, key=lambda row: row[0])
    ]


def add_steward(*, email: str, name: str) -> User:
    """Make the account of a data steward. Raises ValidationError if somebody has this address already."""
    email = email.strip().lower()
    validate_email(email)
    if User.objects.filter(email=email).exists():
        raise ValidationError("This address has an account. A steward needs one of their own.")
    return User.objects.create_user(email, name=name, is_steward=True)
