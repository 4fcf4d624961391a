"""What became of a campaign's emails: counted once, for the table and for the chart beside it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from crm.models import Supporter
from mailings.models import Campaign, CampaignSum, Delivery, OwnMessage

Status, Outcome = Delivery.Status, Delivery.Outcome
_NOTHING = "Handed over, and nothing reported yet"
# How an outcome looks in the chart: three tones, told apart by pattern too (static/css/app.css).
_TONES = {
    Outcome.DELIVERED: "good",
    Outcome.NONE: "plain",
    Outcome.DEFERRED: "waits",
    Outcome.REJECTED: "bad",
    Outcome.BOUNCED: "bad",
    Outcome.UNSUBSCRIBED: "left",
    Outcome.COMPLAINED: "worst",
}
_STATUS_TONES = {
    Status.PENDING: "waits",
    Status.BEING_SENT: "waits",
    Status.SKIPPED: "left",
    Status.FAILED: "bad",
    Status.IN_DOUBT: "doubt",
    Status.DROPPED: "doubt",
    Status.CALLED_OFF: "left",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome: its code and words, how many emails, their share in words, and its part of the bar (thousandths)."""

    code: str
    label: str
    number: int
    share: str
    tone: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All emails of a campaign by what became of them, and how many were handed over."""

    rows: list[Row]
    emails: int
    handed_over: int

    @property
    def words(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        return ". ".join(f"{row.label}: {row.number:,}, {row.share}" for row in self.rows) + "."


def of(campaign: Campaign) -> Outcomes | None:
    """Count an own or joint campaign's emails; None if none is known. Coordinated ones are out of staff's reach."""
    counted = {
        (status, outcome): many
        for status, outcome, many in OwnMessage.objects.filter(campaign=campaign)
        .values_list("status", "outcome")
        .annotate(many=Count("pk"))
    }
    if not counted:
        counted = _kept(campaign)
    total = sum(counted.values())
    if not total:
        return None
    handed_over = sum(many for (status, _), many in counted.items() if status == Status.SENT)
    found: list[tuple[str, int, str]] = []
    for outcome in (Outcome.DELIVERED, *(each for each in Outcome if each != Outcome.DELIVERED)):
        many = counted.get((Status.SENT, outcome), 0)
        found.append((f"reported-{outcome.value}", many, _TONES[outcome]))
    for status, tone in _STATUS_TONES.items():
        many = sum(count for (other, _), count in counted.items() if other == status)
        found.append((f"status-{status.value}", many, tone))
    return Outcomes(_rows(found, total), total, handed_over)


def _kept(campaign: Campaign) -> dict[tuple[int, int], int]:
    """Give what is kept when who got it is not any more: statuses, and the outcomes of what was handed over."""
    kept = CampaignSum.objects.filter(campaign=campaign, organisation=campaign.organisation_id)
    of_status = dict(kept.filter(of=CampaignSum.Of.MESSAGES).values_list("code", "people"))
    outcomes = dict(kept.filter(of=CampaignSum.Of.OUTCOMES).values_list("code", "people"))
    sent = of_status.pop(Status.SENT, 0)
    found = {(Status.SENT.value, outcome): many for outcome, many in outcomes.items()}
    found.setdefault((Status.SENT.value, 0), sent - sum(outcomes.values()))
    return {**found, **{(status, 0): many for status, many in of_status.items()}}


LABELS = {
    **{f"reported-{each.value}": each.label if each else _NOTHING for each in Outcome},
    **{f"status-{each.value}": each.label for each in _STATUS_TONES},
}


def people(campaign: Campaign, code: str) -> QuerySet[Supporter]:
    """Give those whose email came to this, the newest entry first; `code` is one of LABELS.

    Nobody of a coordinated campaign: staff's view of messages holds none of it (R-SEC4).
    """
    kind, _, number = code.partition("-")
    found = OwnMessage.objects.filter(campaign=campaign)
    if kind == "reported":
        found = found.filter(status=Status.SENT, outcome=int(number))
    else:
        found = found.filter(status=int(number))
    return Supporter.objects.filter(pk__in=found.values("supporter")).order_by("-pk")


def _rows(found: list[tuple[str, int, str]], total: int) -> list[Row]:
    rows, start = [], 0.0
    for code, many, tone in found:
        if many:
            width = 1000 * many / total
            rows.append(Row(code, LABELS[code], many, _share(many, total), tone, start, width))
            start += width
    return rows


def _share(many: int, total: int) -> str:
    """Write a share so that a small one can still be read: 0.03 %, 0.4 %, 12 %."""
    share = 100 * many / total
    places = 0 if share >= 10 else 1 if share >= 0.1 else 2
    return f"{share:.{places}f} %"
