"""Notes what staff look at and export; what they change, the database notes itself (crm/sql/auditing.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from crm.models import AuditEntry, Supporter


def viewed(*, person: Supporter, page: str) -> None:
    """Note that the one who is signed in looked at a person, on which page."""
    _note(AuditEntry.Kind.VIEW, supporter_id=person.pk, reason=page)


def listed(*, people: Iterable[Supporter], page: str) -> None:
    """Note whom a list showed, by their public ids; an empty list says nothing of anyone."""
    if shown := [str(person.public_id) for person in people]:
        _note(AuditEntry.Kind.VIEW, changes={"shown": [None, shown]}, reason=page)


def exported(*, what: str, people: int | str, reason: str) -> None:
    """Note an export: what was done, of which or how many people, and why, in the words of who made it."""
    _note(AuditEntry.Kind.EXPORT, changes={what: [None, people]}, reason=reason)


def forget(*, supporter_ids: list[int]) -> None:
    """Empty the values noted about erased supporters; who, when and which columns stay. Keeper or platform."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_audit_forget(%s)", [supporter_ids])


def _note(
    kind: AuditEntry.Kind,
    *,
    supporter_id: int | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT crm_audit_note(%s::smallint, 'crm_supporter', %s, %s::jsonb, %s)",
            [kind.value, supporter_id, json.dumps(changes or {}), reason[:500]],
        )
