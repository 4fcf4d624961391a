"""Verifies a message's DKIM signature with dkimpy: `_signature.py MESSAGE [ZONE]`, in a venv of its own.

`ZONE` is the file of `_names.py`; without one the world's DNS is asked. Prints `valid` and the signed headers as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import dkim  # type: ignore[import-not-found]


def main(message: Path, zone: Path | None) -> dict[str, object]:
    """Verify the first signature (RFC 6376)."""
    content = message.read_bytes()
    names = json.loads(zone.read_text()) if zone else {}

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        found = names.get(f"{name.decode().rstrip('.')} TXT")
        return "".join(re.findall(r'"([^"]*)"', found[0])).encode() if found else None

    try:
        signature = dkim.DKIM(content)
        valid = signature.verify(dnsfunc=look_up) if zone else signature.verify()
    except dkim.DKIMException as error:
        return {"valid": False, "signed": [], "why": str(error)}
    signed = sorted({name.decode().lower() for name, _ in signature.signed_headers})
    return {"valid": bool(valid), "signed": signed, "why": ""}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)))
