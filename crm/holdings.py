"""What is held on a person, part by part: each part can be shown to them, and be forgotten.

`imports` and `mailings` add theirs in modules of this name, which crm/apps.py loads, since this app knows neither.
What is neither in a part nor on the list of what is left out fails a test that reads the field registry
(tests/crm/test_packs.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from crm.models import (
    Case,
    CaseNote,
    ConsentHistory,
    ConsentState,
    ContactPoint,
    EvidenceNote,
    Record,
    Role,
    Supporter,
    SupporterRole,
    SupporterTag,
    SupporterTopic,
    Topic,
)

# What staff read in place of a table that has hashes.
_VIEWS = {"crm_consenthistory": "crm_consentevent", "mailings_message": "mailings_delivery"}


@dataclass(frozen=True, slots=True)
class Whose:
    """A person as one organisation has them: the ids of the entries joined in them."""

    organisation_id: int
    entries: list[int]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table about a person: `columns` are what each is called and its lookup, `rows` says which."""

    title: str
    model: type[Model]
    columns: dict[str, str]
    rows: Callable[[Whose], Q]
    shown: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    def of(self, whose: Whose) -> QuerySet[Any, Any]:
        """Give the rows. Staff scope of the organisation: no hash and nobody else's row can be among them."""
        found = self.model._default_manager.filter(
            self.rows(whose), organisation=whose.organisation_id
        )
        return found.order_by("pk")

    def covers(self) -> set[tuple[str, str]]:
        """Name the columns that it shows, as (table, column)."""
        table = _VIEWS.get(self.model._meta.db_table, self.model._meta.db_table)
        names = (lookup.partition("__")[0] for lookup in self.columns.values())
        return {(table, str(self.model._meta.get_field(name).column)) for name in names}  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Gone:
    """Who is to be forgotten: their entries, contact points, hashes, and the texts by which they may be named."""

    organisation_id: int
    entries: list[int]
    points: list[int]
    mailboxes: list[bytes]
    addresses: list[str]  # folded
    names: list[str]  # "first last", folded


def _mine(whose: Whose) -> Q:
    return Q(supporter__in=whose.entries)


def _labels(roles: list[int]) -> list[str]:
    return list(Role.objects.filter(pk__in=roles).order_by("label").values_list("label", flat=True))


def _topics(topics: list[int]) -> list[str]:
    return list(Topic.objects.filter(pk__in=topics).order_by("name").values_list("name", flat=True))


def _my_notes(whose: Whose) -> Q:
    said = ConsentHistory.objects.filter(supporter__in=whose.entries, evidence=OuterRef("digest"))
    return Q(Exists(said))


PARTS: list[Part] = [
    Part(
        "Your profile",
        Supporter,
        {
            "First name": "first_name",
            "Last name": "last_name",
            "Postcode": "postcode",
            "Number": "external_id",
            "Membership": "relationship",
            "Age": "age_band",
            "Branch": "branch__name",
            "Asked us not to use the details": "restricted",
            "Recorded as having died": "deceased",
            "How to reach the family": "family_contact",
            "Important emails only, since": "only_important_since",
            "On the list since": "created_at",
        },
        lambda whose: Q(pk__in=whose.entries),
    ),
    Part(
        "Your addresses and phone numbers",
        ContactPoint,
        {
            "What": "channel",
            "Address": "address",
            "Kind": "kind",
            "Problem": "problem",
            "Since": "created_at",
            "Until": "retired_at",
            "Links count since": "links_from",
            "List": "batch__label",
        },
        _mine,
    ),
    Part(
        "What each list, form or colleague said about you",
        Record,
        {
            "List": "batch__label",
            "Line": "line",
            "From": "source",
            "As of": "as_of",
            "First name": "first_name",
            "Last name": "last_name",
            "Email": "email",
            "Phone": "phone",
            "Postcode": "postcode",
            "Number": "external_id",
            "Membership": "relationship",
            "Age": "age_band",
            "Its address": "contact_point__address",
            "Roles": "roles",
            "Topics": "topics",
            "Tags": "tags",
            "Of email it said": "action",
            "On": "occurred_at",
            "At the latest": "occurred_until",
            "Mail came back": "bounces",
            "Further columns": "data",
        },
        _mine,
        {"Roles": _labels, "Topics": _topics},
    ),
    Part(
        "Your roles",
        SupporterRole,
        {
            "Role": "role__label",
            "As of": "as_of",
            "List": "batch__label",
            "You agreed to": "statement__shown",
            "On": "agreed_at",
        },
        _mine,
    ),
    Part(
        "Your topics",
        SupporterTopic,
        {"Topic": "topic__name", "Wanted": "wanted", "List": "batch__label"},
        _mine,
    ),
    Part("Our tags", SupporterTag, {"Tag": "tag__name", "List": "batch__label"}, _mine),
    Part(
        "What was said about email, by whom and when",
        ConsentHistory,
        {
            "What": "action",
            "When": "occurred_at",
            "At the latest": "occurred_until",
            "Recorded": "recorded_at",
            "Type of email": "purpose__name",
            "By": "channel",
            "Holds for": "reach",
            "Address": "contact_point__address",
            "Source": "source",
            "Form or way": "source_detail",
            "Words that you saw": "statement__shown",
            "List": "batch__label",
            "Pause until": "paused_until",
        },
        _mine,
    ),
    Part(
        "What colleagues noted about it",
        EvidenceNote,
        {"Note": "words", "Noted": "created_at"},
        _my_notes,
    ),
    Part(
        "Whether we may email you",
        ConsentState,
        {
            "Address": "contact_point__address",
            "Type of email": "purpose__name",
            "You said yes": "granted_at",
            "To the words": "statement__shown",
            "They name us": "names_organisation",
            "To be confirmed": "needs_confirmation",
            "Confirmed": "confirmed_at",
            "Stopped": "refused_at",
            "How": "refusal",
            "Of what": "refusal_scope",
            "Paused until": "paused_until",
            "Runs out": "expires_at",
        },
        lambda whose: Q(contact_point__supporter__in=whose.entries),
    ),
    Part(
        "Your requests and complaints",
        Case,
        {
            "Reference": "reference",
            "What": "kind",
            "Came by": "came_by",
            "Came": "received_at",
            "Who": "who",
            "Address": "address",
            "Words": "words",
            "Due": "due_at",
            "Proof of identity asked for": "identity_asked_on",
            "Proof of identity came": "identity_received_on",
            "Question asked": "clarification_asked_on",
            "Answer came": "clarification_received_on",
            "Made longer": "extended_on",
            "Acknowledged": "acknowledged_at",
            "Risk": "risk",
            "Regulator told": "reported_at",
            "People told": "people_told_at",
            "Outcome": "outcome",
            "Closed": "closed_at",
        },
        _mine,
    ),
    Part(
        "What was done about them",
        CaseNote,
        {"Reference": "case__reference", "When": "at", "Words": "words", "By Coalesce": "is_log"},
        lambda whose: Q(case__supporter__in=whose.entries),
    ),
]

_HASHES = "keyed hashes of the address, which stands in the pack itself"
_DERIVED = "worked out from what is in the pack, for finding and comparing"

# Tables, or single columns of them, that no pack shows, and why.
LEFT_OUT: dict[str, str] = {
    "crm_addresskey": _HASHES,
    "crm_deliverability": f"{_HASHES}; the problem itself is among the addresses",
    "crm_consentevent.address_key": _HASHES,
    "crm_consentevent.mailbox": _HASHES,
    "crm_consentevent.evidence": "a digest of the note, which is in the pack",
    "crm_consentevent.act_id": "a number that holds events together",
    "crm_consentevent.confirms_id": "which of the rows above it speaks of",
    "crm_consentevent.corrects_id": "which of the rows above it speaks of",
    "crm_consentevent.supporter_id": "which row it hangs on",
    "crm_consentstate.grant_id": _DERIVED,
    "crm_consentstate.refusal_event_id": _DERIVED,
    "crm_supporter.postcode_fold": _DERIVED,
    "crm_supporter.name_forms": _DERIVED,
    "crm_supporter.last_fold": _DERIVED,
    "crm_supporter.canonical_id": "which entries of ours are one person: the pack is of all of them",
    "crm_supporter.erased_at": "whoever has it has no pack",
    "crm_contactpoint.folded": _DERIVED,
    "crm_contactpoint.supporter_id": "which row it hangs on",
    "crm_searchterm": _DERIVED,
    "crm_merge": "which entries of ours are one person: the pack is of all of them",
    "crm_match": "a guess that two of our entries are one person; all that was compared is in the pack",
    "crm_record.supporter_id": "which row it hangs on",
    "crm_supporterrole.supporter_id": "which row it hangs on",
    "crm_supportertopic.supporter_id": "which row it hangs on",
    "crm_supportertag.supporter_id": "which row it hangs on",
    "crm_evidencenote.digest": "a digest of the note, which is in the pack",
    "crm_case.supporter_id": "which row it hangs on",
    "crm_export": "files for a day: what they say of the person is in the pack",
    "crm_servicemail": "fixed words, gone within a month; what it answered is among the requests",
    "crm_pack": "the pack itself",
    "crm_erasure": "whoever has one has no pack",
    "crm_waitingrefusal": "a minute on its way to the journal; the refusal itself is in the pack",
}

FORGET: list[Callable[[Gone], None]] = []


def register(
    *,
    forget: Callable[[Gone], None],
    parts: Iterable[Part] = (),
    left_out: Mapping[str, str] | None = None,
) -> None:
    """Add what another app holds: `forget` runs before this app's own rows go."""
    FORGET.append(forget)
    PARTS.extend(parts)
    LEFT_OUT.update(left_out or {})
