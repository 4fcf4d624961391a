"""Turns floods away: more of the same within a minute than anyone sends who means it."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address

from django.core.cache import cache
from django.http import HttpRequest

MINUTE = 60


def is_flood(what: str, *, most: int) -> bool:
    """Count one more of `what`, and tell whether there were more than `most` in this minute.

    Each process counts for itself, and keeps a digest for a minute: nobody's address is stored.
    """
    key = f"flood:{hashlib.sha256(what.encode()).hexdigest()}"
    cache.add(key, 0, MINUTE)
    try:
        return cache.incr(key) > most
    except ValueError:  # the minute was over just now
        return False


def computer_of(request: HttpRequest) -> str:
    """Give the visitor's address, or nothing behind a proxy of one's own: there it is the same for everyone."""
    text = str(request.META.get("REMOTE_ADDR", ""))
    try:
        return text if ip_address(text).is_global else ""
    except ValueError:
        return ""
