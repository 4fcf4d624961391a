"""Who did what: for admins, about their own organisation."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime

from crm.access import admin_required
from crm.middleware import StaffRequest
from crm.models import AuditEntry, Branch, Membership, Role, Supporter, Tag, Topic, User
from crm.pages import page

PAGE = 50
# What tables and columns are called on screens (docs/reference/words.md).
TABLES = {
    "crm_supporter": "a person",
    "crm_contactpoint": "an address or phone number",
    "crm_supporterrole": "a person’s role",
    "crm_supportertopic": "a person’s topic",
    "crm_supportertag": "a person’s tag",
    "crm_record": "what staff noted about a person",
    "crm_batch": "an import",
    "crm_organisation": "the imprint and sender",
    "crm_membership": "a colleague’s role",
    "crm_user": "an account",
    "crm_purpose": "a type of email",
    "crm_statement": "a sign-up wording",
    "crm_segment": "a segment",
    "crm_topic": "a topic",
    "crm_tag": "a tag",
    "crm_role": "a role",
    "crm_branch": "a branch",
    "crm_golive": "the sign-off before the first campaign",
    "crm_export": "an export",
    "crm_match": "a possible duplicate",
    "crm_merge": "a joining of two entries",
    "mailings_campaign": "a campaign",
    "mailings_version": "the text of a campaign",
    "imports_import": "an import",
}
_LABELLED: dict[str, Any] = {
    "tag_id": Tag,
    "topic_id": Topic,
    "role_id": Role,
    "branch_id": Branch,
    "user_id": User,
    "turned_on_by_id": User,
    "approved_by_id": User,
    "author_id": User,
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
_INSIDE = frozenset({"in_partner", "of_steward", "canonical_id"})  # no act of anybody


@dataclass(slots=True)
class Line:
    """One entry in words."""

    entry: AuditEntry
    what: str
    person: Supporter | None
    details: list[str] = field(default_factory=list)


@admin_required
def who_did_what(request: StaffRequest) -> HttpResponse:
    """List the entries, the newest first; `?person=`, `?colleague=` and `?kind=` narrow it."""
    members = list(
        Membership.objects.filter(organisation=request.organisation)
        .select_related("user")
        .order_by("user__name", "user__email")
    )
    person = _person(request)
    found = _narrowed(request, person, members)
    shown = page(request, found.order_by("-pk"), size=PAGE)
    context = {
        "page": shown,
        "lines": _lines(shown.rows, members),
        "members": members,
        "kinds": AuditEntry.Kind.choices,
        "person": person,
        "chosen": {name: request.GET.get(name, "") for name in ("colleague", "kind")},
    }
    return render(request, "crm/who_did_what.html", context)


def _person(request: StaffRequest) -> Supporter | None:
    asked = _uuid(request.GET.get("person", ""))
    if asked is None:
        return None
    return get_object_or_404(Supporter, public_id=asked, organisation=request.organisation)


def _uuid(text: str) -> uuid.UUID | None:
    """Read a public id. Raises Http404 for what is none."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise Http404 from error


def _narrowed(
    request: StaffRequest, person: Supporter | None, members: list[Membership]
) -> QuerySet[AuditEntry]:
    found = AuditEntry.objects.filter(organisation=request.organisation).select_related("supporter")
    if person is not None:
        found = found.filter(supporter__canonical=person.canonical_id)
    if (colleague := _uuid(request.GET.get("colleague", ""))) is not None:
        users = [member.user_id for member in members if member.public_id == colleague]
        found = found.filter(user__in=users)
    kind = request.GET.get("kind", "")
    if kind in {str(value) for value in AuditEntry.Kind.values}:
        found = found.filter(kind=int(kind))
    return found


def _lines(entries: list[AuditEntry], members: list[Membership]) -> list[tuple[Line, str]]:
    """Put entries in words, each with who did it: a leaver's name is no longer ours to show."""
    names = {member.user_id: str(member.user) for member in members}
    others = {entry.user_id for entry in entries if entry.user_id} - names.keys()
    names |= {user.pk: str(user) for user in User.objects.filter(pk__in=others)}
    labels = _labels(entries)
    return [
        (
            Line(entry, _what(entry), entry.supporter, _details(entry, labels)),
            names.get(entry.user_id, "Somebody who left") if entry.user_id else "Nobody signed in",
        )
        for entry in entries
    ]


def _what(entry: AuditEntry) -> str:
    about = TABLES.get(entry.table, "something")
    if entry.kind == AuditEntry.Kind.VIEW and entry.supporter_id is None:
        about = "a list of people"
    if entry.kind == AuditEntry.Kind.EXPORT:
        about = "people"
    return f"{entry.get_kind_display()} {about}"


def _labels(entries: list[AuditEntry]) -> dict[tuple[str, int], str]:
    """Give the names behind the numbers of tags, topics and roles: a query for each kind that occurs."""
    asked: dict[str, set[int]] = {}
    for entry in entries:
        for column, pair in entry.changes.items():
            if column in _LABELLED and pair:
                asked.setdefault(column, set()).update(v for v in pair if isinstance(v, int))
    return {
        (column, row.pk): str(row)
        for column, ids in asked.items()
        for row in _LABELLED[column].objects.filter(pk__in=ids)
    }


def _details(entry: AuditEntry, labels: dict[tuple[str, int], str]) -> list[str]:
    """Say which columns changed, from what to what; numbers of rows stay inside."""
    return [
        _detail(column, pair, labels)
        for column, pair in sorted(entry.changes.items())
        if column not in _INSIDE
    ]


def _detail(column: str, pair: Any, labels: dict[tuple[str, int], str]) -> str:
    name = column.removesuffix("_id").replace("_", " ")
    name = {"purpose": "type of email", "statement": "sign-up wording", "batch": "import"}.get(
        name, name
    )
    if not pair:
        return f"{name}: not shown"
    if column == "shown":
        return f"{len(pair[1])} people"
    if column.endswith("_id") and column not in _LABELLED and column != "external_id":
        return f"{name} changed"
    old, new = (
        labels.get((column, value), "something that is gone" if value else None)
        if column in _LABELLED
        else value
        for value in pair
    )
    return (
        f"{name}: {_value(new)}" if old in (None, "") else f"{name}: {_value(old)} → {_value(new)}"
    )


def _value(value: Any) -> str:
    """Give a value as it is read: at most a line."""
    if value in (None, ""):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _MOMENT.match(value) and (moment := parse_datetime(value)):
        return date_format(localtime(moment), "j F Y, H:i")
    text = str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
