"""The steward's looks at links across organisations, each noted by the database as it answers."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection

from crm.models import Decision, Tier, User


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


@dataclass(frozen=True, slots=True)
class PairSide:
    """What one organisation has of one side of a pair, masked."""

    organisation: str
    initials: str
    addresses: list[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two supporters of two organisations who may be one person, and what speaks for it."""

    public_id: uuid.UUID
    tier: Tier
    probability: float
    match_weight: float
    evidence: list[dict[str, Any]]
    guards: list[str]
    decision: int | None
    sides: list[PairSide]


def pairs(*, size: int) -> list[Pair]:
    """Give pairs that wait for a decision, the clearest first. Steward scope; the look is noted."""
    return _pairs("SELECT * FROM crm_steward_pairs(%s)", size)


def pair(*, public_id: uuid.UUID) -> Pair | None:
    """Give one pair, or None. Steward scope; the look is noted."""
    return next(iter(_pairs("SELECT * FROM crm_steward_pair(%s)", public_id)), None)


def decide(*, public_id: uuid.UUID, decision: Decision) -> None:
    """Decide of a pair; *the same* links it. Steward scope; it is noted. Raises ValidationError, why not."""
    _told("SELECT crm_steward_decide(%s, %s::smallint)", public_id, decision.value)


def unlink(*, public_id: uuid.UUID, organisation: str) -> None:
    """Take the side of an organisation, by its name, out of a shared person, for good. Steward scope; it is noted.

    Raises ValidationError where they are not linked.
    """
    _told("SELECT crm_steward_unlink(%s, %s)", public_id, organisation)


def _told(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (trouble,) = cursor.fetchone()
    if trouble:
        raise ValidationError(trouble)


def _pairs(sql: str, *values: Any) -> list[Pair]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    found = []
    for public_id, lines in groupby(rows, key=lambda row: row[0]):
        told = list(lines)
        _, tier, probability, weight, evidence, guards, decision = told[0][:7]
        sides = [
            PairSide(organisation, initials, [address for *_, address in of if address])
            for (organisation, initials), of in groupby(told, key=lambda row: (row[7], row[8]))
        ]
        facts = json.loads(evidence) if isinstance(evidence, str) else evidence
        found.append(
            Pair(public_id, Tier(tier), probability, weight, facts, list(guards), decision, sides)
        )
    return found


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
