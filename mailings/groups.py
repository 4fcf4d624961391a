"""Which receivers count mail together: the big mailbox providers, by the domain of an address."""

from __future__ import annotations

import re

OTHER = "other"
GROUPS = ("gmail", "yahoo", "microsoft", OTHER)
_BY_DOMAIN = {
    "gmail": re.compile(r"(gmail|googlemail)\.com"),
    "yahoo": re.compile(r"(yahoo|ymail|rocketmail|aol)(\.com?)?(\.\w\w)?|sky\.com"),
    "microsoft": re.compile(r"(hotmail|outlook|live|msn|passport)(\.com?)?(\.\w\w)?"),
}
_known: dict[str, str] = {}


def of(address: str) -> str:
    """Give the group of an address. Organisations' own domains at Google or Microsoft count as *other*."""
    domain = address.rpartition("@")[2].lower()
    found = _known.get(domain)
    if found is None:
        found = next(
            (group for group, domains in _BY_DOMAIN.items() if domains.fullmatch(domain)), OTHER
        )
        if len(_known) < 10_000:
            _known[domain] = found
    return found
