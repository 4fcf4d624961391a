"""Signed tokens in mail: each is bound to one use, one address and one organisation."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass

from django.core import signing

LASTS = 731 * 24 * 60 * 60  # seconds: an old link can still stop mail for 24 months
_SIGNER = signing.Signer(salt="preference")


class BadTokenError(ValueError):
    """The token is forged, cut short, made for another use, or too old."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Whose choices a link may lessen: one address at one organisation, and from which campaign it came."""

    point: uuid.UUID
    organisation_id: int
    campaign: uuid.UUID | None


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
    return _SIGNER.sign(base64.urlsafe_b64encode(content).rstrip(b"=").decode()).replace(":", ".")


def read_preference_token(token: str) -> Preference:
    """Read a token back. Raises BadTokenError."""
    try:
        text = _SIGNER.unsign(token.replace(".", ":"))
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (signing.BadSignature, ValueError) as error:
        raise BadTokenError from error
    if len(content) not in (23, 39) or int.from_bytes(content[2:7], "big") + LASTS < time.time():
        raise BadTokenError
    return Preference(
        point=uuid.UUID(bytes=content[7:23]),
        organisation_id=int.from_bytes(content[:2], "big"),
        campaign=uuid.UUID(bytes=content[23:]) if len(content) == 39 else None,
    )
