"""What a report about a message says, whoever it comes from, and what makes two of them the same."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from mailings.models import Delivery

Outcome = Delivery.Outcome
# RFC 3463, 3.2 and 3.3: the address itself is wrong, has moved, takes no mail (RFC 7505), or is switched off.
# 5.1.7 and 5.1.8 speak of the sender's.
_OF_THE_ADDRESS = re.compile(r"5\.(1\.(0|1|2|3|4|6|9|10)|2\.1)")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ID = re.compile(
    r"^\s*<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:@|>|$)", re.I
)


@dataclass(frozen=True, slots=True)
class Report:
    """One report about one message. `same` tells it from every other of its route.

    `address` is never kept; its hash is, or `mailbox`, where that is known already.
    """

    route: str
    same: str
    kind: Delivery.Outcome
    happened_at: datetime
    message: uuid.UUID | None = None
    address: str = field(default="", repr=False)
    mailbox: bytes = b""
    code: str = ""
    is_permanent: bool = False


def digest(same: str, mailbox: bytes, kind: int) -> bytes:
    """Give 16 bytes that are equal for equal reports only; a report about two inboxes is two."""
    return hashlib.sha256(b"\0".join((same.encode(), mailbox, str(kind).encode()))).digest()[:16]


def enhanced_code(text: str) -> str:
    """Find the status code of RFC 3463 in what a server said; nothing if there is none."""
    found = _ENHANCED.search(text or "")
    return found[1] if found else ""


def is_about_the_address(code: str) -> bool:
    """Tell whether a status code says that no mail will ever arrive at the address, rather than that one did not."""
    return _OF_THE_ADDRESS.fullmatch(code) is not None


def message_of(text: str) -> uuid.UUID | None:
    """Give our id of a message from its Message-ID or from the id itself; None if it is not one of ours."""
    found = _ID.match(text or "")
    return uuid.UUID(found[1]) if found else None
