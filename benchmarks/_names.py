"""A name server for one machine: `_names.py PORT ZONE`, in a venv of its own; it answers from a JSON file.

`ZONE` maps "name type" to a list of values; whatever it does not hold does not exist.
"""

from __future__ import annotations

import json
import socketserver
import sys
from pathlib import Path
from typing import Any

import dns.flags  # type: ignore[import-not-found]
import dns.message  # type: ignore[import-not-found]
import dns.rcode  # type: ignore[import-not-found]
import dns.rdatatype  # type: ignore[import-not-found]
import dns.rrset  # type: ignore[import-not-found]

_zone: dict[str, list[str]] = {}


class Answer(socketserver.BaseRequestHandler):
    """Answers one question."""

    def handle(self) -> None:
        """Look the name up, and answer."""
        content, socket = self.request
        asked = dns.message.from_wire(content)
        answer: Any = dns.message.make_response(asked)
        answer.flags |= dns.flags.RA | dns.flags.AA
        question = asked.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        values = _zone.get(f"{question.name.to_text(omit_final_dot=True).lower()} {kind}")
        if values:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(answer.to_wire(), self.client_address)


if __name__ == "__main__":
    _zone.update(json.loads(Path(sys.argv[2]).read_text()))
    with socketserver.UDPServer(("127.0.0.1", int(sys.argv[1])), Answer) as server:
        server.serve_forever()
