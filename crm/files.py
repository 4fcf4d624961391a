"""Keeps files that hold people's details encrypted: spreadsheets that were brought, exports, access packs.

A file is cut into segments, each sealed with AES-256-GCM under a key of that file's own; its number and whether it is
the last are sealed with it, so that segments cannot be swapped, repeated or cut off (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015). The key is derived (HKDF, RFC 5869) from the newest secret of the installation's
chain, whose id the file begins with: a later rotation leaves it readable, since no link of the chain is ever dropped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from crm.hashing import configured

SEGMENT = 1 << 20  # bytes of a file that are sealed together
_SALT, _TAG = 32, 16
_IN_MEMORY = (
    32 << 20
)  # bytes of an open file; a larger one lies in a file without a name while it is read


class DamagedFileError(OSError):
    """A kept file is not what was written, or the secret that it was sealed with is gone."""


class SealedStorage(FileSystemStorage):
    """Files of the local disk, encrypted as they are written and decrypted as they are opened."""

    def _save(self, name: str, content: Any) -> str:
        return str(super()._save(name, _Sealed(content)))  # type: ignore[misc]

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        with super()._open(name, "rb") as kept:  # type: ignore[misc]
            return File(unsealed(kept), name)


class _Sealed(File):  # type: ignore[type-arg]
    """What is to be written; without a path of its own, so that nothing is moved into place as it came."""

    def __init__(self, content: Any) -> None:
        super().__init__(None, content.name)
        self._content = content

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Give the sealed file piece by piece."""
        return sealed(self._content.chunks(SEGMENT))


def sealed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Give a file's bytes sealed: the id of the secret and a salt, then each segment with its tag."""
    chain, salt = configured(), os.urandom(_SALT)
    named = chain.newest.encode()
    cipher = _cipher(chain.keys[-1], salt)
    yield bytes([len(named)]) + named + salt
    number, waiting = 0, b""
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > SEGMENT:  # the last one is sealed as such, so one is always kept back
            yield cipher.encrypt(_nonce(number, is_last=False), waiting[:SEGMENT], None)
            number, waiting = number + 1, waiting[SEGMENT:]
    yield cipher.encrypt(_nonce(number, is_last=True), waiting, None)


def unsealed(kept: IO[bytes]) -> IO[bytes]:
    """Give a sealed file's bytes as a file that can be read and searched. Raises DamagedFileError."""
    cipher, size = _opening(kept), SEGMENT + _TAG
    found: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)
    try:
        for number in count():
            segment = kept.read(size)
            is_last = not _more(kept)
            found.write(cipher.decrypt(_nonce(number, is_last=is_last), segment, None))
            if is_last:
                break
    except (InvalidTag, ValueError) as error:
        found.close()
        raise DamagedFileError("A kept file was changed or cut off.") from error
    found.seek(0)
    return found


def _more(kept: IO[bytes]) -> bool:
    """Tell whether anything follows."""
    here = kept.tell()
    follows = bool(kept.read(1))
    kept.seek(here)
    return follows


def _opening(kept: IO[bytes]) -> AESGCM:
    """Read what a file begins with; give what opens it."""
    length = kept.read(1)
    named = kept.read(length[0]).decode(errors="replace") if length else ""
    chain, salt = configured(), kept.read(_SALT)
    if named not in chain.ids:
        raise DamagedFileError(
            "A kept file was changed, or sealed with a secret that is not in COALESCE_HASH_KEY."
        )
    return _cipher(chain.keys[chain.ids.index(named)], salt)


def _cipher(secret: bytes, salt: bytes) -> AESGCM:
    made = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"coalesce file")
    return AESGCM(made.derive(secret))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
