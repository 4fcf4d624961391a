"""What staff are shown of a person's permission: a badge in a list, and every reason on their page.

The decision is the gate's (crm/consent.py); here it is only put beside people, for one page at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from crm import consent
from crm.models import Action, Channel, ContactPoint, Organisation, Purpose, Supporter
from crm.reasons import Reason, sentences
from crm.services import vouching

BRIEFLY = {
    Reason.STOP_EVERYTHING: "Said stop to all email",
    Reason.ERASED_SUPPRESSED: "Removed at their request",
    Reason.ORG_OBJECTION: "Said stop (objected)",
    Reason.ORG_UNSUBSCRIBED: "Said stop to all our email",
    Reason.CHANNEL_OFF: "Does not want email",
    Reason.PURPOSE_OFF: "Does not want this type of email",
    Reason.JOINT_NEEDS_BOTH: "No permission for joint emails",
    Reason.NO_CONSENT_RECORDED: "No permission recorded",
    Reason.CONSENT_DENIED: "Said no",
    Reason.CONSENT_WITHDRAWN: "Said stop",
    Reason.CONSENT_PENDING: "Has not confirmed yet",
    Reason.CONSENT_EXPIRED: "Permission ran out",
    Reason.EVIDENCE_MISSING: "Said yes, but to which words?",
    Reason.STATEMENT_OMITS_ORG: "Wording does not name us",
    Reason.PAUSED: "Asked for a pause",
    Reason.HARD_BOUNCE: "Problem with this address",
    Reason.MERGE_REVIEW: "Perhaps somebody who said stop",
    Reason.COMPLAINED: "Marked our email as spam",
    Reason.RESTRICTED: "Asked us not to use their details",
    Reason.DECEASED: "Has died",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """One person's address in a list, with the permission in a few words."""

    kind: str
    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says of one address and one type of email, and the dates that it rests on."""

    purpose: Purpose
    reasons: int
    dates: list[tuple[str, datetime]]
    told: vouching.Told | None = None

    @property
    def sentences(self) -> list[str]:
        """Every reason why not."""
        return sentences(self.reasons)


@dataclass(frozen=True, slots=True)
class Address:
    """An email address of a person, with an answer for each type of email."""

    point: ContactPoint
    answers: list[Answer]


def main_purpose(organisation: Organisation) -> Purpose | None:
    """Give the type of email that lists show the permission for: the first that was set up."""
    return Purpose.objects.filter(organisation=organisation).order_by("pk").first()


def question(purpose: Purpose) -> consent.Question:
    """Ask about permission alone: age is a matter of each campaign, and stands in the profile."""
    return consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)


def entries(people: Collection[int]) -> dict[int, int]:
    """Give the entries that are joined in these people, themselves included: entry's id to person's id.

    Addresses, events and lists stay with the entry they came with. Uses the index supporter_merged.
    """
    joined = Supporter.objects.filter(canonical__in=people).exclude(pk=F("canonical"))
    return {**{pk: pk for pk in people}, **dict(joined.values_list("pk", "canonical_id"))}


def badges(
    organisation: Organisation, people: Collection[int], joined: dict[int, int]
) -> dict[int, Badge]:
    """Give the badge of each person of a page, by asking the gate once.

    `joined` is what `entries` gave. The address is the first that may be mailed, else the first.
    """
    found: dict[int, Badge] = {}
    purpose = main_purpose(organisation)
    if purpose is not None:
        points = ContactPoint.objects.filter(
            organisation=organisation, supporter__in=list(joined), retired_at__isnull=True
        )
        decided = consent.decide(points, question(purpose)).order_by("pk")
        for entry, address, reasons in decided.values_list("supporter_id", "address", "reasons"):
            known = found.get(joined[entry])
            if known is None or (known.kind != "success" and not reasons):
                found[joined[entry]] = badge(reasons, address)
    return {pk: found.get(pk) or Badge("neutral", "No email address") for pk in people}


def badge(reasons: int, address: str = "") -> Badge:
    """Give a decision in a few words: the gravest reason only."""
    if not reasons:
        return Badge("success", "May be emailed", address)
    gravest = next(iter(Reason(reasons)))
    return Badge("neutral", BRIEFLY.get(gravest, "Not to be emailed"), address)


def addresses(organisation: Organisation, joined: Collection[int]) -> list[Address]:
    """Give a person's email addresses in use with an answer for each type of email: a query for each type."""
    points = ContactPoint.objects.filter(
        organisation=organisation,
        supporter__in=joined,
        channel=Channel.EMAIL,
        retired_at__isnull=True,
    )
    found = {point.pk: Address(point, []) for point in points.order_by("pk")}
    for purpose in Purpose.objects.filter(organisation=organisation).order_by("pk"):
        decided = consent.decide(points, question(purpose)).values(
            "pk",
            "reasons",
            *(f"state__{name}" for name in ("granted_at", "confirmed_at", "refused_at", "refusal")),
            *(f"state__{name}" for name in ("paused_until", "expires_at")),
        )
        for row in decided:
            told = vouching.told(found[row["pk"]].point, purpose, row["reasons"])
            answer = Answer(purpose, row["reasons"], _dates(row), told)
            found[row["pk"]].answers.append(answer)
    return list(found.values())


def _dates(row: dict[str, Any]) -> list[tuple[str, datetime]]:
    """Give the dates behind a decision, in words."""
    now = timezone.now()
    refusal = Action(row["state__refusal"]).label.capitalize() if row["state__refusal"] else ""
    ends, pause = row["state__expires_at"], row["state__paused_until"]
    dates = [
        (refusal, row["state__refused_at"]),
        ("Said yes", row["state__granted_at"]),
        ("Confirmed by email", row["state__confirmed_at"]),
        ("Paused until", pause if pause and pause > now else None),
        ("Permission ran out" if ends and ends <= now else "Permission runs out", ends),
    ]
    return [(words, when) for words, when in dates if words and when]
