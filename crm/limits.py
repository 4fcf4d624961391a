"""Turns floods away: more of the same within a minute than anyone sends who means it."""

from __future__ import annotations

import hashlib

from django.core.cache import cache

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
