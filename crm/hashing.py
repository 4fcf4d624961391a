"""Turns addresses into keyed hashes with this installation's own secrets, which form a chain (decision 0004)."""

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


@dataclass(frozen=True, slots=True)
class Chain:
    """The secrets in the order in which they are applied, and their ids; never empty but for `before_newest`."""

    ids: tuple[str, ...]
    keys: tuple[bytes, ...]

    @property
    def newest(self) -> str:
        """The id that stands beside each hash."""
        return self.ids[-1] if self.ids else ""

    @property
    def proof(self) -> bytes:
        """What a text that is no address hashes to: equal for equal chains, and of no other use."""
        return addresses.keyed(self.keys, "chain")

    @property
    def before_newest(self) -> Chain:
        """The chain as it was before its newest link was added."""
        return Chain(self.ids[:-1], self.keys[:-1])


@cache
def read_chain(setting: str) -> Chain:
    """Read `id:hex[,id:hex…]`."""
    pairs = [part.partition(":") for part in setting.split(",")]
    return Chain(
        ids=tuple(key_id for key_id, _, _ in pairs),
        keys=tuple(bytes.fromhex(key) for _, _, key in pairs),
    )


def configured() -> Chain:
    """Give the chain that this process was started with."""
    return read_chain(settings.COALESCE_HASH_KEY)


def hashes_of(folded: str) -> Hashes:
    """Hash a folded address narrowly (binds a yes) and widely (carries a no)."""
    chain = configured()
    return Hashes(
        key_id=chain.newest,
        address_key=addresses.keyed(chain.keys, f"address:{folded}"),
        mailbox=addresses.keyed(chain.keys, f"mailbox:{addresses.widen(folded)}"),
    )
