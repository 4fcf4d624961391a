"""Which column is what: the guess by the headings of a file, and what an admin made of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from typing import Any

from imports import meaning, presets
from imports.headings import fold
from imports.vendors import COMMON, Preset

LEFT_OUT, KEPT = "", "kept"
# What an admin may choose for a column, in the order of the page.
CHOICES = (
    (
        "Who it is",
        (
            "email",
            "first_name",
            "last_name",
            "full_name",
            "phone",
            "postcode",
            "external_id",
            "born",
        ),
    ),
    (
        "Permission to email",
        ("says_yes", "said_on", "says_no", "no_sharing", "stopped", "refused_on", "bounced"),
    ),
    ("More about them", ("role", "topic", "tags", "membership", "left_on")),
)
CONSENT = ("says_yes", "says_no", "no_sharing")
DATES = ("said_on", "refused_on", "stopped", "born", "left_on")
WORDS = ("role", "topic", "tags")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for the columns of one kind of table, by the keys of the columns.

    `fields`: what each is. `words`: for a column, what its words mean. `orders`: `day` or `month` first.
    `checked`: columns of permission of which an admin said that they are read as they are meant.
    """

    fields: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """What an admin said of the columns of a file: for each kind of table (the code of its preset), and which sheet."""

    tables: dict[str, Chosen] = field(default_factory=dict)
    sheet: str = ""

    def of(self, preset: Preset) -> Chosen | None:
        """Give what was chosen for tables of this kind, or None if nobody was asked yet."""
        return self.tables.get(preset.code)

    def as_json(self) -> dict[str, Any]:
        """Give it as it is kept."""
        tables = {
            code: {
                "fields": it.fields,
                "words": it.words,
                "orders": it.orders,
                "checked": it.checked,
            }
            for code, it in self.tables.items()
        }
        return {"tables": tables, "sheet": self.sheet}

    def for_next(self) -> Mapping:
        """Give what holds for the next file too: of words that are left out only what can be no detail of a person."""
        tables = {}
        for code, it in self.tables.items():
            words = {
                key: {word: told for word, told in its.items() if told or _is_harmless(word)}
                for key, its in it.words.items()
            }
            orders = {key: order for key, order in it.orders.items() if order}
            tables[code] = replace(it, words=words, orders=orders)
        return Mapping(tables)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Mapping:
        """Give what was kept; the empty one for nothing."""
        tables = {code: Chosen(**said) for code, said in kept.get("tables", {}).items()}
        return cls(tables, kept.get("sheet", ""))


def _is_harmless(word: str) -> bool:
    return len(word) <= 40 and not any(letter.isdigit() for letter in word)


def keys(headings: Sequence[str]) -> list[str]:
    """Name the columns so that their order does not matter: by heading, and by number where two have the same."""
    seen: Counter[str] = Counter()
    found = []
    for place, heading in enumerate(headings, start=1):
        key = fold(heading) or f"column {place}"
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key} {seen[key]}")
    return found


def guess(preset: Preset, headings: Sequence[str]) -> list[str]:
    """Give what each column is by its preset; a column that nobody knows is left out."""
    found = [LEFT_OUT] * len(headings)
    for name, places in presets.columns(preset, headings).items():
        for place in places:
            found[place] = found[place] or name
    return found


def fields(preset: Preset, headings: Sequence[str], chosen: Chosen | None) -> list[str]:
    """Give what each column is: as an admin chose, else as its preset has it."""
    if chosen is None:
        return guess(preset, headings)
    return [chosen.fields.get(key, LEFT_OUT) for key in keys(headings)]


def places(preset: Preset, headings: Sequence[str], found: Sequence[str]) -> presets.Columns:
    """Give the positions of the columns of each field: first those that the preset knows, in its order."""
    columns: presets.Columns = {name: [] for name in presets.LABELS}
    for place, name in enumerate(found):
        if name in columns:
            columns[name].append(place)
    for name, its in columns.items():
        ranks = {alias: rank for rank, alias in enumerate(preset.fields.get(name, ()))}
        last = len(ranks)

        def rank(place: int, ranks: dict[str, int] = ranks, last: int = last) -> int:
            heading = fold(headings[place])
            return last + 1 if heading == preset.last_email else ranks.get(heading, last)

        its.sort(key=rank)
    return columns


def is_sure(preset: Preset, name: str, heading: str) -> bool:
    """Tell whether a preset knows for certain what a column of permission means: its vendor has such a column."""
    alias, aliases = fold(heading), preset.fields.get(name, ())
    common = COMMON[name]
    return (
        alias in aliases
        and (aliases != common)
        and (alias not in common or aliases[: len(common)] != common)
    )


def shape(tables: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Give the fingerprint of a file: of the set of headings of each kind of table, in whatever order."""
    told = sorted(f"{code}:{key}" for code, columns in tables for key in columns)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def order_of(met: Map[str, str], preset: Preset) -> str | None:
    """Tell which comes first in a column's dates: `day` or `month`; empty if both do, or none has slashes.

    `met`: the orders that its dates show (imports/meaning.py). None if nothing shows it, or if years have two digits:
    somebody has to say.
    """
    if "short" in met:
        return None
    shown = [order for order in ("day", "month") if order in met]
    if len(shown) == 1:
        return shown[0]
    if shown or "either" not in met:
        return "month" if preset.is_american and not shown else ""
    return "month" if preset.is_american else None


def together(words: Iterable[Sequence[Any]]) -> dict[str, tuple[str, int]]:
    """Give the words of a column (text and count each) by how they are compared, each as it is mostly written."""
    found: dict[str, tuple[str, int]] = {}
    for text, count in words:
        try:
            folded = meaning.words_of(text)
        except meaning.CellError:
            folded = text
        first, before = found.get(folded, (text, 0))
        found[folded] = (first, before + count)
    return found
