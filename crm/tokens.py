"""Signed tokens in mail: each is bound to one use, one organisation and one thing that it is about.

A preference link may lessen for 24 months. Everything else that a link allows takes a fresh one, which went to
the address itself and soon runs out (docs/explanation/consent.md, "The preference link").
"""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from django.core import signing

HOUR = 60 * 60
LASTS = 731 * 24 * HOUR  # seconds: an old link can still stop mail for 24 months
_BARE, _WITH_CAMPAIGN = 23, 39  # bytes of a token's content

Use = Literal["fresh", "confirm", "address", "undo"]
USES: dict[Use, int] = {
    "fresh": HOUR,  # one's own page: more, details, what is held
    "confirm": 7 * 24 * HOUR,  # a sign-up
    "address": 24 * HOUR,  # a new address
    "undo": 24 * HOUR,  # a stop that was pressed by mistake (decision 1)
}


class BadTokenError(ValueError):
    """The token is forged, cut short, made for another use, or too old."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Whose choices a link may lessen: one address at one organisation, and from which campaign it came."""

    point: uuid.UUID
    organisation_id: int
    campaign: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What a link of another use is about: a contact point, a sign-up or an act, by its public id."""

    about: uuid.UUID
    organisation_id: int
    made_at: datetime


def preference_token(
    point_public_id: uuid.UUID, organisation_id: int, campaign_public_id: uuid.UUID | None
) -> str:
    """Make the token of a preference link. It holds no sequential id of a person."""
    campaign = campaign_public_id.bytes if campaign_public_id else b""
    return _sign("preference", organisation_id, point_public_id.bytes + campaign)


def read_preference_token(token: str) -> Preference:
    """Read a token back. Raises BadTokenError."""
    content, _ = _read("preference", token, LASTS)
    if len(content) not in (_BARE, _WITH_CAMPAIGN):
        raise BadTokenError("This link is not whole.")
    return Preference(
        point=uuid.UUID(bytes=content[7:_BARE]),
        organisation_id=int.from_bytes(content[:2], "big"),
        campaign=uuid.UUID(bytes=content[_BARE:]) if len(content) == _WITH_CAMPAIGN else None,
    )


def make(use: Use, *, about: uuid.UUID, organisation_id: int) -> str:
    """Make the token of a link for one use, about one thing."""
    return _sign(use, organisation_id, about.bytes)


def read(use: Use, token: str) -> Link:
    """Read the token of one use back. Raises BadTokenError, for a token of any other use as well."""
    content, made = _read(use, token, USES[use])
    if len(content) != _BARE:
        raise BadTokenError("This link is not whole.")
    return Link(
        about=uuid.UUID(bytes=content[7:]),
        organisation_id=int.from_bytes(content[:2], "big"),
        made_at=datetime.fromtimestamp(made, UTC),
    )


def _signer(use: str) -> signing.Signer:
    """Give the signer: HMAC-SHA-256 with a key of this use only; it reads SECRET_KEY_FALLBACKS, too."""
    return signing.Signer(salt=use)


def _sign(use: str, organisation_id: int, about: bytes) -> str:
    content = organisation_id.to_bytes(2, "big") + int(time.time()).to_bytes(5, "big") + about
    # A full stop, unlike the signer's colon, is left as it is by every mail program.
    text = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    return _signer(use).sign(text).replace(":", ".")


def _read(use: str, token: str, lasts: int) -> tuple[bytes, int]:
    """Give a token's content and when it was made, in seconds since 1970."""
    try:
        text = _signer(use).unsign(token.replace(".", ":"))
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (signing.BadSignature, ValueError) as error:
        raise BadTokenError("This link is not whole, or not ours.") from error
    made = int.from_bytes(content[2:7], "big")
    if made + lasts < time.time():
        raise BadTokenError(f"This link is older than {_in_words(lasts)}.")
    return content, made


def _in_words(lasts: int) -> str:
    return "24 months" if lasts == LASTS else f"{lasts // HOUR} hours"
