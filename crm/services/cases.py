"""Requests, complaints and incidents: each act moves the dates by the rules, and leaves a line that says why.

The rules are pure (crm/deadlines.py). Runs in the scope of one organisation, or of the platform.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from crm import deadlines
from crm.identity import addresses
from crm.models import (
    BankHoliday,
    Case,
    CaseNote,
    Channel,
    ContactPoint,
    Organisation,
    ServiceMail,
    Supporter,
    User,
)
from crm.services import letters

SOON = 7  # days: what is due within them is shown on the home page


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What is known of a case when it comes; `who`, `address` and `words` as they were given."""

    kind: Case.Kind
    came_by: Case.CameBy
    received_at: datetime
    who: str = ""
    address: str = ""
    words: str = ""


def add(*, organisation_id: int, new: NewCase, by: User | None = None) -> Case:
    """Enter a case, with its time limit. Whose address is on the list once only is taken for that person.

    Raises ValidationError for a date in the future.
    """
    if new.received_at > timezone.now():
        raise ValidationError(
            {"received_on": "This is in the future. Give the day on which it came."}
        )
    with transaction.atomic():
        case = Case.objects.create(
            organisation_id=organisation_id,
            kind=new.kind,
            came_by=new.came_by,
            received_at=new.received_at,
            who=new.who.strip(),
            address=addresses.clean(new.address),
            words=new.words.strip(),
            supporter=_whose(organisation_id, new.address),
        )
        _reckon(case, by)
    return case


def acknowledge(case: Case, *, by: User | None = None) -> None:
    """Tell the person, by a mail of fixed words, that their case is here, and note it; the second time does nothing."""
    if case.acknowledged_at or case.closed_at or case.is_incident:
        return
    with transaction.atomic():
        if case.address:
            letters.post(
                organisation_id=case.organisation_id,
                kind=ServiceMail.Kind.CASE,
                address=case.address,
                facts={
                    "reference": case.reference,
                    "kind": str(case.kind),
                    "due": f"{timezone.localdate(case.due_at):%Y-%m-%d}" if case.due_at else "",
                },
            )
        case.acknowledged_at = timezone.now()
        case.save(update_fields=["acknowledged_at"])
        log(case, "Acknowledged by email." if case.address else "Acknowledged.", by=by)
        _reckon(case, by)


def ask(case: Case, what: str, *, on: date, by: User) -> None:
    """Note that we asked for something without which we cannot answer: `identity` or `clarification`.

    Only a request to see what we hold is stopped by a question of what is meant (UK GDPR Art. 12A).
    """
    if what == "clarification" and case.kind != Case.Kind.ACCESS:
        raise ValidationError("Asking what they mean stops the clock for seeing what we hold only.")
    _set_day(case, f"{what}_asked_on", on)
    case.save(update_fields=[f"{what}_asked_on"])
    _reckon(case, by)


def answered(case: Case, what: str, *, on: date, by: User) -> None:
    """Note that the answer came, so that the clock runs again."""
    asked_on = getattr(case, f"{what}_asked_on")
    if asked_on is None or on < asked_on:
        raise ValidationError("The answer cannot have come before we asked.")
    _set_day(case, f"{what}_received_on", on)
    case.save(update_fields=[f"{what}_received_on"])
    _reckon(case, by)


def extend(case: Case, *, reason: str, by: User) -> None:
    """Take two months more for a request that is complex or one of many; the reason is told to the person.

    Raises ValidationError where the first month is over, as the law has it.
    """
    if not case.is_request or case.kind == Case.Kind.OBJECTION:
        raise ValidationError("Only the time for answering a request can be made longer.")
    if case.due_at is None or case.due_at < timezone.now():
        raise ValidationError("The time is over, or stands still, so it cannot be made longer now.")
    if not reason.strip():
        raise ValidationError({"words": "Write the reason. The person must be told it."})
    case.extended_on = timezone.localdate()
    case.save(update_fields=["extended_on"])
    note(case, reason, by=by)
    _reckon(case, by)


def judge(case: Case, *, risk: Case.Risk, words: str, by: User) -> None:
    """Write down what an incident may do to people, and why we think so; without risk nobody need be told."""
    if not words.strip():
        raise ValidationError({"words": "Write why. The regulator may ask to see it."})
    case.risk = risk
    case.save(update_fields=["risk"])
    log(case, f"Judged: {Case.Risk(risk).label[:1].lower()}{Case.Risk(risk).label[1:]}.", by=by)
    note(case, words, by=by)
    _reckon(case, by)


def told(case: Case, whom: str, *, by: User) -> None:
    """Note that the regulator (`reported`) or the people concerned (`people_told`) were told of an incident."""
    if getattr(case, f"{whom}_at") is None:
        setattr(case, f"{whom}_at", timezone.now())
        case.save(update_fields=[f"{whom}_at"])
        label = "The regulator was told." if whom == "reported" else "The people were told."
        log(case, label, by=by)
        _reckon(case, by)


def close(case: Case, *, outcome: Case.Outcome, words: str = "", by: User | None = None) -> None:
    """Close a case, with how it ended. Raises ValidationError for an incident that is not judged or not reported."""
    if case.closed_at:
        return
    if case.is_incident and case.risk == Case.Risk.UNKNOWN:
        raise ValidationError("Write down first what the incident may do to people.")
    if case.is_incident and case.risk >= Case.Risk.SOME and case.reported_at is None:
        raise ValidationError("Tell the regulator first, and note that here.")
    if words.strip():
        note(case, words, by=by)
    case.outcome, case.closed_at, case.due_at = outcome, timezone.now(), None
    case.save(update_fields=["outcome", "closed_at", "due_at"])
    log(
        case,
        f"Closed: {Case.Outcome(outcome).label[:1].lower()}{Case.Outcome(outcome).label[1:]}.",
        by=by,
    )


def name_person(case: Case, *, email: str) -> Supporter:
    """Say whose case it is, by an address on the own list. Raises ValidationError where it names nobody, or several."""
    found = _whose(case.organisation_id, email)
    if found is None:
        raise ValidationError(
            {"email": "This address is nobody’s on our list, or more than one person’s."}
        )
    case.supporter = found
    case.save(update_fields=["supporter"])
    return found


def note(case: Case, words: str, *, by: User | None = None) -> None:
    """Add what somebody wrote to the log."""
    CaseNote.objects.create(
        organisation_id=case.organisation_id, case=case, by=by, is_log=False, words=words.strip()
    )


def log(case: Case, words: str, *, by: User | None = None) -> None:
    """Add a sentence of our own to the log; it must name nobody, since an erasure leaves it."""
    CaseNote.objects.create(
        organisation_id=case.organisation_id, case=case, by=by, is_log=True, words=words
    )


def draft_incident(*, organisation_id: int, what: str, people: int) -> Case:
    """Open an incident that Coalesce found itself, such as mail to people without permission; the same is not doubled.

    `what`: a sentence that names nobody. The 72 hours run from now. Any scope that may write cases.
    """
    words = f"{what} People concerned: {people}."
    known = Case.objects.filter(
        organisation_id=organisation_id, kind=Case.Kind.INCIDENT, words=words, closed_at=None
    ).first()
    return known or add(
        organisation_id=organisation_id,
        new=NewCase(
            kind=Case.Kind.INCIDENT,
            came_by=Case.CameBy.OURSELVES,
            received_at=timezone.now(),
            words=words,
        ),
    )


def waiting(organisation: Organisation) -> QuerySet[Case]:
    """Give the open cases, what is due first at the top; those without a time limit last."""
    found = Case.objects.filter(organisation=organisation, closed_at=None)
    return found.select_related("supporter").order_by(F("due_at").asc(nulls_last=True), "-pk")


@dataclass(frozen=True, slots=True)
class Due:
    """How many cases are late, and how many are due soon."""

    late: int
    soon: int

    @property
    def late_words(self) -> str:
        """Say how many are late."""
        return f"{_many(self.late)} should be done already."

    @property
    def soon_words(self) -> str:
        """Say how many are due soon."""
        return f"{_many(self.soon)} must be done within {SOON} days."


def due(organisation: Organisation) -> Due:
    """Count what is late and what is due within a week. Uses case_open."""
    found, now = waiting(organisation), timezone.now()
    late = found.filter(due_at__lt=now).count()
    soon = found.filter(due_at__range=(now, now + timedelta(days=SOON))).count()
    return Due(late, soon)


def holidays() -> Collection[date]:
    """Give the bank holidays that are known."""
    return frozenset(BankHoliday.objects.values_list("day", flat=True))


def _whose(organisation_id: int, email: str) -> Supporter | None:
    folded = addresses.fold(addresses.clean(email))
    if not folded:
        return None
    people = Supporter.objects.filter(
        pk__in=ContactPoint.objects.filter(
            organisation_id=organisation_id, channel=Channel.EMAIL, folded=folded
        ).values("supporter__canonical")
    )
    found = list(people[:2])
    return found[0] if len(found) == 1 else None


def _set_day(case: Case, field: str, on: date) -> None:
    if not timezone.localdate(case.received_at) <= on <= timezone.localdate():
        raise ValidationError("Give a day between the one on which it came and today.")
    setattr(case, field, on)


def _reckon(case: Case, by: User | None) -> None:
    """Work the time limit out afresh, and log why it moved."""
    due_at, why = _limit(case)
    if due_at == case.due_at:
        return
    before, case.due_at = case.due_at, due_at
    case.save(update_fields=["due_at"])
    moved = f"Moved from {_day(before)}. " if before and due_at else ""
    ends = f"Due on {_day(due_at)}. " if due_at else "No time limit runs now. "
    log(case, f"{ends}{moved}{' '.join(why)}".strip(), by=by)


def _limit(case: Case) -> tuple[datetime | None, tuple[str, ...]]:
    """Give until when the next step must be taken, and the sentences that say why."""
    received = timezone.localdate(case.received_at)
    if case.is_incident:
        if case.reported_at or case.risk == Case.Risk.NONE:
            return None, ()
        return deadlines.report(case.received_at), ("72 hours after it was found.",)
    if case.kind == Case.Kind.COMPLAINT:
        if case.acknowledged_at:
            return None, ("It is acknowledged: look into it and answer without delay.",)
        found = deadlines.acknowledgement(received, holidays())
    elif case.kind == Case.Kind.OBJECTION:
        found = deadlines.stop(received, holidays())
    else:
        found = deadlines.answer(
            received, holidays(), pauses=_pauses(case), is_extended=case.extended_on is not None
        )
    return _end_of(found.due), found.why


def _pauses(case: Case) -> list[deadlines.Pause]:
    asked = (
        (case.identity_asked_on, case.identity_received_on, "proof of who they are"),
        (case.clarification_asked_on, case.clarification_received_on, "what they mean"),
    )
    return [deadlines.Pause(since, until, reason) for since, until, reason in asked if since]


def _end_of(day: date | None) -> datetime | None:
    """Give the last second of a day, as people in England count it."""
    if day is None:
        return None
    last = datetime.combine(day, time(23, 59, 59), tzinfo=timezone.get_default_timezone())
    return last.astimezone(UTC)


def _day(moment: datetime | None) -> str:
    assert moment is not None
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y}"


def _many(number: int) -> str:
    return (
        "One request, complaint or incident"
        if number == 1
        else f"{number} requests, complaints or incidents"
    )
