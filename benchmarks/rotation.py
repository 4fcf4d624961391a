"""How long a rotation of the hash key keeps the site down, with `--people` (1,000,000) supporters; rolled back."""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.conf import settings
from django.db import transaction

from benchmarks import filling
from crm.services import rotation


def run(arguments: list[str]) -> dict[str, Any]:
    """Fill the database as `people` does, rotate, and give the rows and the seconds."""
    parser = argparse.ArgumentParser(prog="bin/bench rotation")
    parser.add_argument("--people", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    events = filling.fill(options.people)
    settings.COALESCE_HASH_KEY = rotation.longer_setting()
    with transaction.atomic():
        began = time.perf_counter()
        rows = rotation.rotate(reason_to_wait=str)
        seconds = round(time.perf_counter() - began, 1)
        transaction.set_rollback(True)
    return {"people": options.people, "events": events, "rows": rows, "seconds": seconds}
