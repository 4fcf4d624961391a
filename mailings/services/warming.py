"""Warming up a sending domain that mail services do not know yet."""

from __future__ import annotations

from datetime import date

from crm import wall
from mailings.models import WarmUp
from mailings.sql.pace import CAPS

__all__ = ["CAPS", "begin"]


def begin(*, domain: str, first: date) -> None:
    """Let a domain send little at first, and more each day; the second time begins anew on another day."""
    with wall.scope("platform"):
        WarmUp.objects.update_or_create(domain=domain.lower(), defaults={"starts_on": first})
