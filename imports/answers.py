"""What the words of a column of permission mean, and what an admin may make of them.

A word that we know for a no stays one, and a column that says no never gives a yes: an admin may give a meaning to a
word that nobody knows, or take a yes away.
"""

from __future__ import annotations

from crm.models import Action
from imports import meaning
from imports.reading import Cell

LABELS = {
    "yes": "Said yes",
    "no": "Said no",
    "stop": "Said stop",
    "spam": "Marked our email as spam",
    "back": "Email comes back",
    "nothing": "Says nothing: no permission",
    "fault": "A mistake of the spreadsheet: the row is left out",
}
# Action, whether mail comes back, and whether a yes elsewhere in the row does not count.
Told = tuple[Action | None, bool, bool]
TOLD: dict[str, Told] = {
    "yes": (Action.GRANT, False, False),
    "no": (Action.DENY, False, False),
    "stop": (Action.WITHDRAW, False, False),
    "nothing": (None, False, True),
}
READERS = {
    "says_yes": meaning.positive,
    "says_no": meaning.inverted,
    "no_sharing": meaning.unshared,
}
CODES = {
    Action.GRANT: "yes",
    Action.DENY: "no",
    Action.WITHDRAW: "stop",
    Action.COMPLAINT: "spam",
}


def plain(name: str, cell: Cell) -> str:
    """Give the code of what a cell means in a column of yes or of no (`name`) when nobody says otherwise."""
    try:
        action, comes_back = READERS[name](cell)
    except meaning.CellError:
        return "fault"
    if action is not None:
        return CODES[action]
    return "back" if comes_back else "nothing"


def choices(name: str, cell: Cell, *, names_another: bool = False) -> tuple[str, ...]:
    """Give the codes that an admin may choose for a word, what it means by itself first; one alone is settled.

    `names_another`: the word is about another organisation, whose permission is not this one's.
    """
    usual = plain(name, cell)
    if usual == "fault":
        return (usual,)
    if usual == "yes":
        return ("yes", "no", "stop", "nothing")
    if meaning.is_known(cell) or usual != "nothing":
        return (usual,)
    if name != "says_yes":
        return ("nothing", "stop" if name == "says_no" else "no")
    may_be_yes = not (names_another or meaning.is_never_yes(cell))
    return ("nothing", "yes", "no", "stop") if may_be_yes else ("nothing", "no", "stop")
