"""A campaign to `--recipients` (50,000) while workers are killed: who got it twice, who not at all, and how fast?

Everything is real: Celery workers, PostgreSQL, Valkey, and an SMTP server on this machine that writes each message
down as its final dot arrives. *Sent* is what that server wrote, joined to the deliveries by Message-ID and address.
Measured in the same run, into the same server: prebuilt bytes pipelined over one connection (the yardstick),
smtp-source where it is installed, and django-post-office in a venv of its own.

`--kill-every 5` ends a worker by SIGKILL while every worker holds a chunk. `--faults` has the server drop, stall,
greylist, answer 421 and refuse. `--restart-postgres fast` (or `immediate`: a crash) and `--wipe-valkey` do so half
way. `--service mailgun` (or `postmark`, or `ses`) sends by an imitation of that service, many messages in a call; with
`--faults` it loses answers, and answers 429 and 503; at the end it reports what it has of those in doubt.
`--sink HOST:PORT --sink-log FILE` sends to another server that writes the same lines; DATABASE_URL and REDIS_URL name
other servers, as everywhere. `--json` prints nothing but the JSON.
"""

from __future__ import annotations

import argparse
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks import _yardsticks, filling
from benchmarks._workers import Course, Troubles, send
from mailings.models import Campaign, Delivery
from mailings.reports import Report
from mailings.services import events

SUBJECT = "{{ first_name|friend }}, will you write to your MP?"
_PARAGRAPH = (
    "Dear {{ first_name|friend }}, every school needs **time** for its SENCO, and every family somebody to turn to. "
    "Your MP votes on this soon, and what a constituent writes is counted. Three sentences of your own are enough.\n\n"
)
BODY = _PARAGRAPH * 15


def run(arguments: list[str]) -> dict[str, Any]:
    """Measure the yardsticks, send, and compare what the server wrote with what the database says."""
    parser = argparse.ArgumentParser(prog="bin/bench sending")
    parser.add_argument("--recipients", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=0, help="seconds; 0: never")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--restart-postgres", choices=["fast", "immediate"])
    parser.add_argument("--synchronous-commit", choices=["on", "off"], default="on")
    parser.add_argument("--wipe-valkey", action="store_true")
    parser.add_argument("--service", choices=list(_yardsticks.ROUTES))
    parser.add_argument("--sink", help="host:port of an SMTP server of one's own")
    parser.add_argument("--sink-log", type=Path, help="what that server writes, a line a message")
    parser.add_argument("--no-yardsticks", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    filling.fill(options.recipients * 2)
    campaign, total = filling.frozen_campaign(
        options.recipients, name="sending", subject=SUBJECT, body=BODY
    )
    troubles = Troubles(
        options.synchronous_commit,
        options.kill_every,
        options.restart_postgres,
        options.wipe_valkey,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if options.sink:
            host, _, port = options.sink.rpartition(":")
            clean = server = _yardsticks.smtp(host, int(port), options.sink_log)
        elif options.service:
            clean = server = stack.enter_context(
                _yardsticks.service(options.service, folder / "taken", with_faults=options.faults)
            )
        else:
            clean = server = stack.enter_context(_yardsticks.sink(folder / "clean"))
            if options.faults:
                server = stack.enter_context(_yardsticks.sink(folder / "faulty", with_faults=True))
        yardsticks = {}
        if not options.no_yardsticks and not options.service:
            yardsticks = _yardsticks.measure(campaign, clean, min(total, 5_000))
        course = send(
            campaign, server, workers=options.workers, troubles=troubles, hasten=options.faults
        )
        found = _compare(campaign, server.log)
        if options.service:
            found |= _reported(campaign, options.service, server.log)
    result = {
        "recipients": total,
        "workers": options.workers,
        "service": options.service or "",
        "faults": options.faults,
        "postgres_restarted": options.restart_postgres or "",
        "valkey_wiped": options.wipe_valkey,
        "synchronous_commit": options.synchronous_commit,
        **found,
        **_rates(course, total, yardsticks),
    }
    if not options.json:
        for name, value in result.items():
            print(f"{name:28} {value}")
    return result


def _rates(course: Course, total: int, yardsticks: dict[str, float]) -> dict[str, Any]:
    """Give the speed, as a ratio too to whatever was measured beside it; None where it was not."""
    rate = total / course.seconds
    ratios = {
        f"ratio_to_{name}": round(rate / yardsticks[name], 3) if name in yardsticks else None
        for name in ("yardstick", "smtp_source", "post_office")
    }
    return {
        "kills": course.kills,
        "seconds": round(course.seconds, 1),
        "per_second": round(rate, 1),
        **{f"{name}_per_second": value for name, value in yardsticks.items()},
        **ratios,
        "worker_memory_mb": course.worker_mb,
        "broker_memory_mb": course.broker_mb,
        "longest_queue": course.longest_queue,
    }


def _compare(campaign: Campaign, log: Path | None) -> dict[str, Any]:
    """Join what the server wrote to the deliveries; a number is None where the server keeps no log."""
    connection.close()
    status = _statuses(campaign)
    of = Counter(status.values())
    found: dict[str, Any] = {
        "in_doubt": of[Delivery.Status.IN_DOUBT],
        "refused": of[Delivery.Status.FAILED],
        "waiting": of[Delivery.Status.PENDING],
    }
    if log is None:
        return {"duplicates": None, "lost": None, **found}
    arrived = Counter(key for key in _written(log) if key in status)
    sent = [key for key, state in status.items() if state == Delivery.Status.SENT]
    return {
        "arrived": len(arrived),
        "duplicates": sum(count - 1 for count in arrived.values()),
        # Said to be sent, and not there; or still waiting when all chunks are done.
        "lost": sum(key not in arrived for key in sent) + found["waiting"],
        "arrived_but_not_said_so": sum(
            status[key] not in (Delivery.Status.SENT, Delivery.Status.IN_DOUBT) for key in arrived
        ),
        "in_doubt_and_arrived": sum(status[key] == Delivery.Status.IN_DOUBT for key in arrived),
        **found,
    }


def _statuses(campaign: Campaign) -> dict[tuple[str, str], int]:
    """Give what the database says of each message, by its id and address."""
    rows = Delivery.objects.filter(campaign=campaign).values_list(
        "public_id", "contact_point__address", "status"
    )
    return {(str(public_id), address): state for public_id, address, state in rows.iterator()}


def _written(log: Path) -> Iterator[tuple[str, str]]:
    """Give the id and address of each message that the server wrote down."""
    for line in log.read_text().splitlines():
        message_id, _, address = line.partition("\t")
        yield message_id.partition("@")[0], address


def _reported(campaign: Campaign, service: str, log: Path | None) -> dict[str, Any]:
    """Have the service report what it has of those in doubt, as its webhooks would; give how many are left in doubt."""
    has = set(_written(log)) if log else set()
    reports = [
        Report(
            route=service,
            same=message,
            kind=Delivery.Outcome.DELIVERED,
            happened_at=timezone.now(),
            message=uuid.UUID(message),
            address=address,
        )
        for (message, address), status in _statuses(campaign).items()
        if status == Delivery.Status.IN_DOUBT and (message, address) in has
    ]
    events.receive(reports)
    events.settle()
    left = [
        key for key, status in _statuses(campaign).items() if status == Delivery.Status.IN_DOUBT
    ]
    return {
        "reported_of_those_in_doubt": len(reports),
        "in_doubt_after_reports": len(left),
        "of_these_arrived": sum(key in has for key in left),
    }
