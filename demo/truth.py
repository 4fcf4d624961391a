"""What the planted files should lead to, worked out from their cells by rules stated here.

The rules are the demo's own and stand apart from the product, so that the two can be compared.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal, TypedDict

from demo.casting import Bond
from demo.humans import Human
from demo.rows import CLEANED, MEMBERS, SUBSCRIBED, UNSUBSCRIBED, Cell, Row

Organisation = Literal["SOCR", "NEU"]
Segment = Literal["sencos"]

TRUTH_FILE = "truth.json"
LASTS = timedelta(days=730)
YES = frozenset({"yes", "y", "true"})
_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_COUNTED = {
    "socr_subscribed": SUBSCRIBED,
    "socr_unsubscribed": UNSUBSCRIBED,
    "socr_cleaned": CLEANED,
    "neu": MEMBERS,
}


class BadCell(TypedDict):
    """A cell that an import must explain: the header is line 1."""

    file: str
    line: int
    column: str
    value: str


class Person(TypedDict):
    """One invented person; `inboxes` holds the organisations whose list has an accepted row."""

    id: int
    on: list[str]
    first: str
    nickname: str
    last: str
    email: str | None
    inboxes: dict[str, str]
    planted: list[str]


@dataclass(frozen=True)
class Truth:
    """What was planted, and who may therefore be mailed: the content of truth.json."""

    seed: int
    people: int
    today: str
    rows: dict[str, int]
    supporters: dict[str, int]
    linked: int  # people on both lists at one address
    on_both: list[list[str]]  # the inboxes of everyone on both, SOCR's first
    mailable: dict[str, list[str]]
    sencos: dict[str, list[str]]
    left_out: dict[str, dict[str, list[str]]]
    inboxes_on_both: list[str]
    shared_inboxes: list[str]
    bad_cells: list[BadCell]
    humans: list[Person]


@dataclass
class Ledger:
    """What one organisation's files say: who is at which inbox, and about each inbox what."""

    people: dict[int, str] = field(default_factory=dict)
    sencos: set[int] = field(default_factory=set)
    permitted: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    doubts: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stopped: set[str] = field(default_factory=set)
    bouncing: set[str] = field(default_factory=set)

    def mailable(self) -> list[str]:
        """Return the inboxes with a permission and nothing against them, sorted."""
        return sorted(self.permitted.keys() - self.stopped - self.bouncing)

    def mailable_sencos(self) -> list[str]:
        """Return the mailable inboxes at which a SENCO gave the permission, sorted."""
        return [inbox for inbox in self.mailable() if self.permitted[inbox] & self.sencos]

    def left_out(self) -> dict[str, list[str]]:
        """Return why each other inbox may not be mailed, in sorted words."""
        others = sorted(set(self.people.values()) - set(self.mailable()))
        return {inbox: sorted(self._reasons(inbox)) for inbox in others}

    def _reasons(self, inbox: str) -> set[str]:
        reasons = set() if inbox in self.permitted else set(self.doubts[inbox])
        if inbox in self.stopped:
            reasons.add("refused")
        if inbox in self.bouncing:
            reasons.add("bouncing")
        return reasons


def expect(files: dict[str, list[Row]], humans: list[Human], today: date, seed: int) -> Truth:
    """Return what the rows of `files` lead to on the day `today`."""
    ledgers = {"SOCR": _read_audience(files, today), "NEU": _read_members(files[MEMBERS])}
    socr, neu = ledgers.values()
    mailable = {name: ledger.mailable() for name, ledger in ledgers.items()}
    return Truth(
        seed=seed,
        people=len(humans),
        today=today.isoformat(),
        rows={key: len(files[name]) for key, name in _COUNTED.items()},
        supporters={name: len(ledger.people) for name, ledger in ledgers.items()},
        linked=len(socr.people.items() & neu.people.items()),
        on_both=sorted(
            [socr.people[human], neu.people[human]]
            for human in socr.people.keys() & neu.people.keys()
        ),
        mailable=mailable,
        sencos={name: ledger.mailable_sencos() for name, ledger in ledgers.items()},
        left_out={name: ledger.left_out() for name, ledger in ledgers.items()},
        inboxes_on_both=sorted(set(mailable["SOCR"]) & set(mailable["NEU"])),
        shared_inboxes=_shared(ledgers.values()),
        bad_cells=[cell for name, rows in files.items() for cell in _bad_cells(name, rows)],
        humans=[_person(human, ledgers) for human in humans],
    )


def expected_own(
    truth: Truth, organisation: Organisation, segment: Segment | None = None
) -> set[str]:
    """Return the inboxes that a mailing of one organisation should reach, each once."""
    audience = truth.sencos if segment == "sencos" else truth.mailable
    return set(audience[organisation])


def expected_coordinated(truth: Truth, segment: Segment | None = None) -> set[str]:
    """Return the inboxes that a coordinated mailing of both should reach, each once."""
    return expected_own(truth, "SOCR", segment) | expected_own(truth, "NEU", segment)


def save_truth(truth: Truth, folder: Path) -> Path:
    """Write `truth` as folder/truth.json and return the path."""
    path = folder / TRUTH_FILE
    path.write_text(json.dumps(vars(truth), ensure_ascii=False), encoding="utf-8")
    return path


def read_truth(folder: Path) -> Truth:
    """Return the truth that `plant` wrote into `folder`."""
    return Truth(**json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8")))


def inbox_of(cell: Cell) -> str | None:
    """Return the inbox a cell names, in small letters and without spaces; None if it names none."""
    text = str(cell or "").strip().lower()
    return text if _ADDRESS.fullmatch(text) else None


def _read_audience(files: dict[str, list[Row]], today: date) -> Ledger:
    ledger = Ledger()
    for name in (SUBSCRIBED, UNSUBSCRIBED, CLEANED):
        for row in files[name]:
            inbox = _enter(ledger, row, "Email Address", "Role")
            if inbox and name == SUBSCRIBED:
                _judge_sign_up(ledger, row, inbox, today)
            elif inbox:
                (ledger.stopped if name == UNSUBSCRIBED else ledger.bouncing).add(inbox)
    return ledger


def _judge_sign_up(ledger: Ledger, row: Row, inbox: str, today: date) -> None:
    texts = [str(row.cells.get(column) or "") for column in ("OPTIN_TIME", "CONFIRM_TIME")]
    times = [_parsed(text) for text in texts if text]
    dates = [moment.date() for moment in times if moment]
    if any(today - day < LASTS for day in dates):
        ledger.permitted[inbox].add(row.human)
    elif dates:
        ledger.doubts[inbox].add("expired")
    else:
        ledger.doubts[inbox].add("unreadable date" if times else "no evidence")


def _read_members(rows: Iterable[Row]) -> Ledger:
    ledger = Ledger()
    for row in rows:
        inbox = _enter(ledger, row, "Home Email", "Job Role")
        if not inbox:
            continue
        answer = str(row.cells.get("Email Opt In") or "").lower()
        if answer == "no" or row.cells.get("Do Not Email"):
            ledger.stopped.add(inbox)
        elif answer in YES:
            ledger.permitted[inbox].add(row.human)
        else:
            ledger.doubts[inbox].add("unknown")
    return ledger


def _enter(ledger: Ledger, row: Row, address_column: str, role_column: str) -> str | None:
    inbox = inbox_of(row.cells.get(address_column))
    if inbox:
        ledger.people[row.human] = inbox
        roles = str(row.cells.get(role_column) or "").lower().split(", ")
        if {"senco", "sendco"} & set(roles):
            ledger.sencos.add(row.human)
    return inbox


def _bad_cells(file: str, rows: list[Row]) -> list[BadCell]:
    address = "Home Email" if file == MEMBERS else "Email Address"
    found: list[BadCell] = []
    for line, row in enumerate(rows, start=2):
        bad = [] if inbox_of(row.cells[address]) else [address]
        for column in ("OPTIN_TIME", "CONFIRM_TIME"):
            text = str(row.cells.get(column) or "")
            if text and not _parsed(text):
                bad.append(column)
        for column in bad:
            value = str(row.cells[column])
            found.append({"file": file, "line": line, "column": column, "value": value})
    return found


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _shared(ledgers: Iterable[Ledger]) -> list[str]:
    homes = {home for ledger in ledgers for home in ledger.people.items()}
    people_at = Counter(inbox for _, inbox in homes)
    return sorted(inbox for inbox, people in people_at.items() if people > 1)


def _person(human: Human, ledgers: dict[str, Ledger]) -> Person:
    inboxes = {
        name: ledger.people[human.id]
        for name, ledger in ledgers.items()
        if human.id in ledger.people
    }
    planted = [] if human.bond is Bond.NONE else [str(human.bond)]
    for name, listing in (("SOCR", human.socr), ("NEU", human.neu)):
        if listing:
            planted.append(f"{name}: {listing.standing}")
    return {
        "id": human.id,
        "on": list(inboxes),
        "first": human.first,
        "nickname": human.nickname,
        "last": human.last,
        "email": next(iter(inboxes.values()), None),
        "inboxes": inboxes,
        "planted": planted,
    }
