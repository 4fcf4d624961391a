"""How often somebody may try to sign in: to one account, and from one place. Visitor scope."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils.crypto import salted_hmac

from crm.models import SignInTries
from crm.sql import tries as sql

WINDOW = 15 * 60  # seconds, from the first try
TO_ACCOUNT = 10
FROM_PLACE = 50  # an office may have one address for all its people


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The address that was typed, whether or not there is such an account, and where from."""

    email: str
    client: str

    @property
    def account(self) -> bytes:
        """The row that counts the account's tries; its case and spaces make no difference, as in signing in."""
        return _bucket(f"account:{self.email.strip().lower()}")

    @property
    def place(self) -> bytes:
        """The row that counts the tries from the place."""
        return _bucket(f"place:{self.client}")


def _bucket(text: str) -> bytes:
    return salted_hmac("crm.signing_in", text, algorithm="sha256").digest()[:16]


def count(*, tried: Tried) -> int:
    """Count a try before the password is looked at; give how many seconds to wait, or 0 if it may be.

    Too many tries do not make the wait longer. The account comes first, always, so that no two lock each other out.
    """
    sql.clear(window=WINDOW)
    to_account, account_over = sql.count(tried.account, window=WINDOW)
    from_place, place_over = sql.count(tried.place, window=WINDOW)
    return max(
        account_over if to_account > TO_ACCOUNT else 0,
        place_over if from_place > FROM_PLACE else 0,
    )


def forget(*, tried: Tried) -> None:
    """Take back what was counted, after the right password; of the place this one try, as others come from there."""
    SignInTries.objects.filter(pk=tried.account).delete()
    SignInTries.objects.filter(pk=tried.place).update(tries=F("tries") - 1)


def client_address(meta: Mapping[str, Any]) -> str:
    """Give where a request comes from, by its META: of an IPv6 address the network, which is one household's.

    Of a list the last counts, which our own web server wrote; the others are whatever the browser sent.
    """
    told = str(meta.get(settings.COALESCE_CLIENT_ADDRESS) or meta.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(told.rpartition(",")[2].strip())
    except ValueError:
        return ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
