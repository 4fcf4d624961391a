"""One sender of `bin/bench race`: sends chunks until none is left, and writes down when it asked and handed over."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from mailings import dispatch
from mailings.sql.asking import Asking


def send(campaign_id: int, path: str) -> None:
    """Send, and keep the times: a line for each asking, each answer and each message handed over."""
    lines: list[tuple[str, int | str, float]] = []
    ask, hand_over = Asking.ask, dispatch.Relay.hand_over

    def timed_ask(self: Any, claimed: Any, message: Any, **meanwhile: Any) -> int:
        lines.append(("asked", message.contact_point_id, time.time()))
        reasons = ask(self, claimed, message, **meanwhile)
        lines.append(("answered", message.contact_point_id, time.time()))
        return reasons

    def timed_hand_over(self: Any, message: Any, address: str, **following: Any) -> None:
        hand_over(self, message, address, **following)
        lines.append(("handed over", address, time.time()))

    Asking.ask = timed_ask  # type: ignore[method-assign]
    dispatch.Relay.hand_over = timed_hand_over  # type: ignore[method-assign]
    while dispatch.send_chunk(campaign_id):
        pass
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    send(int(sys.argv[1]), sys.argv[2])
