"""How headings of columns are compared."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=10_000)
def fold(heading: str) -> str:
    """Give the form in which headings are compared: `Forename(s)` is `forenames`."""
    heading = re.sub(r"[()’']", "", heading.lower())
    return " ".join(re.findall(r"[a-z0-9]+", heading))
