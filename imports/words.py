"""Puts what an import would do, or did, into an organiser's words (docs/reference/words.md)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.timezone import localtime

from crm.models import Action
from imports import presets
from imports.models import Import, Problem, StagedRow

Counted = tuple[str, int, str]
UNCLEAR = "what they said about email is not clear"

# Who was removed at their request is counted under "no permission" and nowhere else (scenario 15).
_PEOPLE = (
    ("new", "New people"),
    ("changed", "People we have, with something new"),
    ("unchanged", "People we have, nothing new"),
    ("repeated", "Repeated inside the file"),
    ("refused", "Rows with a mistake, left out"),
)
_PERMISSION: tuple[tuple[str, str, str], ...] = (
    ("gained", "Permission gained", "They say yes, with a date, to a wording that names us."),
    ("no", "Say no or stop", "They will not be emailed."),
    (
        "no_against_yes",
        "Say no or stop without a date, but said yes to us themselves",
        "The no counts.",
    ),
    ("overtaken", "Said no or stop, and yes themselves after that", "Nothing changes."),
    (
        "kept_off",
        "Permission kept off",
        "They say yes here, but they have said no or stop. An import cannot change that.",
    ),
    ("unconfirmed", "Say yes, not confirmed yet", "This wording asks people to confirm by email."),
    ("bouncing", "Email comes back", "There is a problem with the address."),
    ("undated", "Say yes without a date", "No permission: we cannot show when they said it."),
    (
        "no_wording",
        "Say yes, we do not know to which words",
        "No permission: no wording was chosen.",
    ),
    ("too_old", "Said yes too long ago", "Permission runs out after 24 months."),
    ("not_said", "No permission", "They say nothing about email, or nothing that is clear."),
)
_ALWAYS = frozenset({"gained", "no", "bouncing", "not_said"})
_SAID = {
    Action.GRANT: "said yes",
    Action.DENY: "said no",
    Action.WITHDRAW: "said stop",
    Action.COMPLAINT: "marked email as spam",
}


def people(file: Import) -> list[Counted]:
    """Give how many rows become what: (label, rows, hint) each."""
    return [(label, file.counts.get(name, 0), "") for name, label in _PEOPLE]


def permission(file: Import) -> list[Counted]:
    """Give how many rows change permission in which way: (label, rows, hint) each.

    Who told every organisation to stop counts as having no permission, so that the number discloses nothing.
    """
    counted = dict(file.counts.get("permission", {}))
    counted["not_said"] = counted.get("not_said", 0) + counted.pop("stopped", 0)
    return [
        (label, counted.get(outlook, 0), hint)
        for outlook, label, hint in _PERMISSION
        if counted.get(outlook) or outlook in _ALWAYS
    ]


def sample(file: Import) -> list[str]:
    """Put some rows of a preview into words: who, what they said, and what follows."""
    outlooks: dict[int, str] = dict(file.counts.get("sample", []))
    rows = list(StagedRow.objects.filter(file=file, line__in=outlooks).order_by("line"))
    places = _places(file, outlooks)
    firsts = {line: places[first] for line, first in _repeats(file).items() if line in outlooks}
    unclear, known = _unclear(file, rows), set(file.counts.get("known", []))
    return [
        f"{places[row.line]}: {_name(row)}{_again(firsts.get(row.line))}, "
        f"{UNCLEAR if row.line in unclear else _what(row, outlooks[row.line])}: "
        f"{_then(row.line in known, outlooks[row.line], emailed_by(file))}."
        for row in rows
    ]


def _unclear(file: Import, rows: list[StagedRow]) -> set[int]:
    """Give the lines that say something of permission, which we could not understand."""
    meant = {presets.LABELS[name] for name in ("says_yes", "says_no", "said_on")}
    headings = {
        heading
        for sheet in file.counts.get("columns", [])
        for heading, meaning in sheet["read"]
        if meaning in meant
    }
    silent = [row.line for row in rows if row.action is None and not row.bounces]
    found = Problem.objects.filter(file=file, line__in=silent, column__in=headings)
    return set(found.values_list("line", flat=True))


def repeated(file: Import) -> list[str]:
    """Name the first rows that repeat a person, each with the row in which that person comes first."""
    places = _places(file, {})
    return [
        f"{places[line]} is the same person as {places[first].lower()}."
        for line, first in _repeats(file).items()
    ]


def _repeats(file: Import) -> dict[int, int]:
    """Give the first rows that repeat a person, by line, with the line where that person comes first."""
    return dict(file.counts.get("repeats", []))


def _places(file: Import, lines: Iterable[int]) -> dict[int, str]:
    """Name these lines, and those of the rows that repeat, as a person would find them."""
    wanted = {*lines, *(line for pair in _repeats(file).items() for line in pair)}
    rows = StagedRow.objects.filter(file=file, line__in=wanted)
    return {row.line: _place(file, row) for row in rows}


def _place(file: Import, row: StagedRow) -> str:
    several = len(file.counts.get("columns", [])) > 1
    return f"Row {row.sheet_line} of {row.sheet}" if several else f"Row {row.sheet_line}"


def _name(row: StagedRow) -> str:
    return f"{row.first_name} {row.last_name}".strip() or row.email


def _again(first: str | None) -> str:
    return f" (the same person as {first.lower()})" if first else ""


def emailed_by(file: Import) -> str:
    """Give how the organisation is called where it is said who emails."""
    organisation = file.organisation
    return organisation.code if organisation.is_partner else organisation.name


def _what(row: StagedRow, outlook: str) -> str:
    if outlook == "bouncing":
        return "email to this address comes back"
    if row.action is None:
        return "said nothing about email"
    said = _SAID.get(Action(row.action), "said no")
    if row.occurred_at:
        said += f" on {date_format(localtime(row.occurred_at), 'j F Y')}"
    elif outlook == "undated":
        said += " without a date"
    return said + {
        "overtaken": " and yes themselves after that",
        "kept_off": ", but has said no or stop",
        "no_wording": ", but we do not know to which words",
        "too_old": ", too long ago",
        "unconfirmed": ", but has not confirmed",
    }.get(outlook, "")


def _then(is_known: bool, outlook: str, who: str) -> str:
    if outlook == "gained":
        return f"will be emailed by {who}"
    if outlook == "kept_off":
        return "permission is kept off"
    if outlook == "overtaken" or (is_known and outlook not in ("no", "no_against_yes", "bouncing")):
        return "nothing changes for them"
    return f"will not be emailed by {who}"
