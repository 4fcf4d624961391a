"""Turns addresses into keyed hashes with this installation's own secret."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.conf import settings

from crm.identity import addresses


@dataclass(frozen=True, slots=True)
class Hashes:
    """The two hashes of an address (16 bytes each) and the id of the secret that made them."""

    key_id: str
    address_key: bytes
    mailbox: bytes


@cache
def _chain(setting: str) -> tuple[str, tuple[bytes, ...]]:
    """Read `id:hex[,id:hex…]`: the newest key's id, and the keys in the order in which they are applied."""
    pairs = [part.partition(":") for part in setting.split(",")]
    return pairs[-1][0], tuple(bytes.fromhex(key) for _, _, key in pairs)


def hashes_of(folded: str) -> Hashes:
    """Hash a folded address narrowly (binds a yes) and widely (carries a no)."""
    key_id, chain = _chain(settings.COALESCE_HASH_KEY)
    return Hashes(
        key_id=key_id,
        address_key=addresses.keyed(chain, f"address:{folded}"),
        mailbox=addresses.keyed(chain, f"mailbox:{addresses.widen(folded)}"),
    )
