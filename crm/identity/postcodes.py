"""British postcodes."""

from __future__ import annotations

import re

_FULL = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")


def normalise(text: str) -> str | None:
    """Give a full postcode as `GU1 1AA`, or None: an outward code alone is not guessed at."""
    found = _FULL.fullmatch(re.sub(r"[^A-Z0-9]", "", text.upper()))
    return f"{found[1]} {found[2]}" if found else None


def fold(postcode: str) -> str:
    """Give the form that is searched by its beginning: `GU1 1AA` is `gu11aa`."""
    return postcode.replace(" ", "").lower()
