"""The journal of refusals: a file outside the database, of keyed hashes only, that outlives a restored backup.

One line of JSON for each refusal, numbered. It is only added to, and each addition is on the disk before the database
says so (decision 0012).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_TAIL = 4096  # bytes; a line is shorter than 400


@dataclass(frozen=True, slots=True)
class Line:
    """One refusal. `organisation` empty: everyone; `mailbox` hexadecimal, under the secret `key`; `at` ISO 8601."""

    n: int
    organisation: str
    mailbox: str
    key: str
    purpose: str
    action: int
    flag: str
    entry: str
    at: str

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, but for its number and the secret."""
        return tuple(asdict(self)[name] for name in _CONTENT)


_CONTENT = ("organisation", "mailbox", "purpose", "action", "flag", "entry", "at")


@dataclass(frozen=True, slots=True)
class Journal:
    """The file, which need not be there yet."""

    path: Path

    def last(self) -> int:
        """Give the number of the last whole line; 0 if there is none."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                tail = file.read()
        except FileNotFoundError:
            return 0
        whole = tail[: tail.rfind(b"\n") + 1].splitlines()
        return int(json.loads(whole[-1])["n"]) if whole else 0

    def after(self, number: int) -> Iterator[Line]:
        """Give the whole lines after a number, in order."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for text in file:
                if not text.endswith(b"\n"):
                    return  # torn off when the machine stopped; it is written again
                line = Line(**json.loads(text))
                if line.n > number:
                    yield line

    def add(self, lines: Sequence[Line]) -> None:
        """Write lines at the end, and wait until they are on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(
            os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab"
        ) as file:
            file.write(b"".join(json.dumps(asdict(line)).encode() + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())

    def cut_after(self, number: int) -> None:
        """Take away what stands after a line: it was written, but the database did not come to say so."""
        if not self.path.exists():
            return
        kept = 0
        with self.path.open("r+b") as file:
            for text in file:
                if not text.endswith(b"\n") or json.loads(text)["n"] > number:
                    break
                kept += len(text)
            file.truncate(kept)
            os.fsync(file.fileno())
