"""Names of people: folding them for search, and telling whether two may be one person's."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from nicknames import NickNamer

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_TITLES = frozenset(("mr mrs ms miss mx dr prof professor rev revd sir dame lady lord").split())
_namer = NickNamer()


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """Give words in lower case, without accents or punctuation, one space apart: `O’Connor` is `oconnor`."""
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    text = "".join(mark for mark in text if not unicodedata.combining(mark))
    text = re.sub(r"['’`.]", "", text)
    return " ".join(re.findall(r"[^\W_]+", text))


@lru_cache(maxsize=100_000)
def forms(first_name: str) -> tuple[str, ...]:
    """Give every given name that this one may stand for, folded and sorted; none for none.

    `Liz` gives elizabeth among others; an initial stays one letter. Short forms are those of the
    package *nicknames*.
    """
    words = [word for word in fold(first_name).split() if word not in _TITLES]
    if not words:
        return ()
    known = _namer.canonicals_of(words[0]) if len(words[0]) > 1 else set()
    return tuple(sorted({words[0], "".join(words), *known}))


def compatible(first: tuple[str, ...], last: str, other: tuple[str, ...], other_last: str) -> bool:
    """Tell whether two names may be one person's: `first` from `forms`, `last` from `fold`.

    A part that is missing says nothing; an initial fits any name that begins with it; a double surname
    fits either half. crm/sql/people.py holds the same rule in SQL, and a test proves them equal.
    """
    return _first_fits(first, other) and _last_fits(last, other_last)


def _first_fits(first: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if not first or not other or set(first) & set(other):
        return True
    return _is_initial_of(first, other) or _is_initial_of(other, first)


def _is_initial_of(first: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(first) == 1 and len(first[0]) == 1 and any(name[0] == first[0] for name in other)


def _last_fits(last: str, other: str) -> bool:
    return not last or not other or bool(set(last.split()) & set(other.split()))
