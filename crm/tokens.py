"""Signed tokens in mail: each is bound to one use, one address and one organisation."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass

from django.core import signing

LASTS = 731 * 24 * 60 * 60  # seconds: an old link can still stop mail for 24 months
_BARE, _WITH_CAMPAIGN = 23, 39  # bytes of a token's content


class BadTokenError(ValueError):
    """The token is forged, cut short, made for another use, or too old."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Whose choices a link may lessen: one address at one organisation, and from which campaign it came."""

    point: uuid.UUID
    organisation_id: int
    campaign: uuid.UUID | None = None


def _signer() -> signing.Signer:
    """Give the signer: HMAC-SHA-256 with a key of this use only; it reads SECRET_KEY_FALLBACKS, too."""
    return signing.Signer(salt="preference")


def preference_token(
    point_public_id: uuid.UUID, organisation_id: int, campaign_public_id: uuid.UUID | None
) -> str:
    """Make the token of a preference link. It holds no sequential id of a person."""
    content = b"".join(
        (
            organisation_id.to_bytes(2, "big"),
            int(time.time()).to_bytes(5, "big"),
            point_public_id.bytes,
            campaign_public_id.bytes if campaign_public_id else b"",
        )
    )
    # A full stop, unlike the signer's colon, is left as it is by every mail program.
    return _signer().sign(base64.urlsafe_b64encode(content).rstrip(b"=").decode()).replace(":", ".")


def read_preference_token(token: str) -> Preference:
    """Read a token back. Raises BadTokenError."""
    try:
        text = _signer().unsign(token.replace(".", ":"))
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (signing.BadSignature, ValueError) as error:
        raise BadTokenError("This link is not whole, or not ours.") from error
    if len(content) not in (_BARE, _WITH_CAMPAIGN):
        raise BadTokenError("This link is not whole.")
    if int.from_bytes(content[2:7], "big") + LASTS < time.time():
        raise BadTokenError("This link is older than 24 months.")
    return Preference(
        point=uuid.UUID(bytes=content[7:_BARE]),
        organisation_id=int.from_bytes(content[:2], "big"),
        campaign=uuid.UUID(bytes=content[_BARE:]) if len(content) == _WITH_CAMPAIGN else None,
    )
