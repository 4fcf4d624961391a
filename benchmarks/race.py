"""A campaign to `--people` (20,000) while 200 of them say stop just ahead of the senders: who still gets it?

Everything is real: a web server takes one-click POSTs, two senders hand over by SMTP, and every time is read from one
clock of this machine. PostgreSQL stamps a commit when it begins to write it to disk; it is in force when that is done,
and only then is the POST answered. So whoever was asked about after the answer must not be mailed, and whoever was
asked about after the stamp and before the answer may have been. `--rate 5` lets the mail server take five a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests
from aiosmtpd.controller import Controller
from django.db import connection

from benchmarks import filling
from crm import tokens
from demo.servers import free_port
from mailings.models import Campaign, Delivery

SENDERS = 2
READERS = 3  # who press stop at the same time
AHEAD = (
    40  # how many messages before its turn a stop is posted, at most; 2 where mail goes out slowly
)
BUCKETS = (-1000, -300, -100, -30, -10, 0, 10, 30, 100, 300, 1000)  # milliseconds


@dataclass(frozen=True, slots=True)
class Stopped:
    """One person who said stop: when PostgreSQL stamped the commit, when the POST was answered, and when they were
    asked about and written to, if they were.
    """

    committed: float
    answered: float
    asked: float | None
    handed_over: float | None


def run(arguments: list[str]) -> dict[str, Any]:
    """Fill, send, stop, and compare. Raises AssertionError if anybody was mailed whose stop came first."""
    parser = argparse.ArgumentParser(prog="bin/bench race")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument(
        "--rate", type=float, default=0, help="messages a second; 0: as fast as it goes"
    )
    options = parser.parse_args(arguments)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    filling.fill(max(options.people * 2, 1))
    with tempfile.TemporaryDirectory() as folder, _mail_server(options.rate), _web() as url:
        campaign, total = filling.frozen_campaign(options.people, name="race")
        sender = [sys.executable, "-m", "benchmarks._sender", str(campaign.pk)]
        senders = [subprocess.Popen([*sender, f"{folder}/{number}"]) for number in range(SENDERS)]
        ahead = 2 if options.rate else AHEAD
        answered = _say_stop(campaign, url, options.stops, total, ahead)
        for process in senders:
            assert process.wait() == 0, "a sender failed"
        log = _read(Path(folder))
    return _judge(campaign, total, answered, log)


@contextmanager
def _mail_server(rate: float) -> Iterator[None]:
    """Take mail on this machine, at `rate` messages a second for all connections together if it is not 0."""
    turn = asyncio.Lock()

    class Sink:
        """Takes everything."""

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            """Take a message when its turn has come."""
            if rate:
                async with turn:
                    await asyncio.sleep(1 / rate)
            return "250 OK"

    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    controller.start()
    os.environ["COALESCE_SMTP"] = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield
    finally:
        controller.stop()


@contextmanager
def _web() -> Iterator[str]:
    """Start a web server on the benchmark's database; give its address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
    ]
    environment = {**os.environ, "COALESCE_LOGIN": "web"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(100):
                try:
                    requests.get(f"{url}/sign-in/", timeout=2)
                    break
                except requests.RequestException:
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def _say_stop(campaign: Campaign, url: str, stops: int, total: int, ahead: int) -> dict[int, float]:
    """Press one-click, evenly over the campaign, for people whose turn comes soon; give when each was answered."""
    answered: dict[int, float] = {}
    with ThreadPoolExecutor(READERS) as readers:
        for _ in range(READERS):
            readers.submit(_press, campaign, url, stops / total, ahead, answered)
    return answered


def _press(
    campaign: Campaign, url: str, share: float, ahead: int, answered: dict[int, float]
) -> None:
    """Read mail and press stop, until the campaign is sent; `share`: how many of those written to do."""
    while True:
        done, waiting = _progress(campaign)
        if not waiting:
            connection.close()
            return
        if len(answered) >= share * done:
            time.sleep(0.01)
            continue
        for point_id, token in _soon(campaign, ahead):
            if point_id not in answered:
                answered[point_id] = time.time()
                requests.post(
                    f"{url}/p/{token}/stop/", data="List-Unsubscribe=One-Click", timeout=30
                )
                answered[point_id] = time.time()


def _progress(campaign: Campaign) -> tuple[int, int]:
    """Give how many messages were begun, and how many chunks are not done."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(CASE WHEN state = 2 THEN last - first + 1 WHEN cursor > 0 THEN cursor - first END), 0),
                   count(*) FILTER (WHERE state <> 2)
            FROM mailings_chunk WHERE campaign_id = %s
            """,
            [campaign.pk],
        )
        done, waiting = cursor.fetchone()
    return int(done), int(waiting)


def _soon(campaign: Campaign, ahead: int) -> list[tuple[int, str]]:
    """Give a person whose turn comes in a few messages, of one of the leased chunks, with the token of their link."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cursor, last FROM mailings_chunk WHERE campaign_id = %s AND state = 1 AND cursor > 0",
            [campaign.pk],
        )
        leased = cursor.fetchall()
    places = [
        min(at + random.randint(1, ahead), last)
        for at, last in random.sample(leased, min(1, len(leased)))
    ]
    found = Delivery.objects.filter(campaign=campaign, seq__in=places).select_related(
        "contact_point"
    )
    return [
        (
            message.contact_point_id,
            tokens.preference_token(
                message.contact_point.public_id, message.organisation_id, campaign.public_id
            ),
        )
        for message in found
    ]


def _read(folder: Path) -> dict[str, dict[int | str, float]]:
    """Give when each message was asked about, answered and handed over."""
    log: dict[str, dict[int | str, float]] = {"asked": {}, "answered": {}, "handed over": {}}
    for path in folder.iterdir():
        for line in path.read_text().splitlines():
            what, whom, when = json.loads(line)
            log[what][whom] = when
    return log


def _judge(
    campaign: Campaign,
    total: int,
    answered: dict[int, float],
    log: dict[str, dict[int | str, float]],
) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('track_commit_timestamp')")
        exact = cursor.fetchone()[0] == "on"
        commit = "extract(epoch FROM pg_xact_commit_timestamp(e.xmin))" if exact else "NULL::float"
        cursor.execute(
            f"""
            SELECT cp.id, cp.address, min({commit}) FROM crm_contactpoint cp
            JOIN crm_consentevent e ON e.contact_point_id = cp.id AND e.action = 5
            WHERE cp.id = ANY(%s) GROUP BY 1, 2
            """,
            [list(answered)],
        )
        people = [
            Stopped(
                committed=float(committed) if committed is not None else answered[point],
                answered=answered[point],
                asked=log["asked"].get(point),
                handed_over=log["handed over"].get(address),
            )
            for point, address, committed in cursor.fetchall()
        ]
    first, last = min(log["handed over"].values()), max(log["handed over"].values())
    during = [one for one in people if first < one.committed < last]
    mailed = [(one, one.asked) for one in people if one.handed_over and one.asked]
    wronged = [one for one, asked in mailed if asked > one.answered]
    meanwhile = [one for one, asked in mailed if one.committed < asked <= one.answered]
    asking = [log["answered"][whom] - at for whom, at in log["asked"].items()]
    _show(people, exact=exact)
    assert not wronged, f"{len(wronged)} people were mailed whose stop was in force before"
    return {
        "messages": total,
        "handed_over": len(log["handed over"]),
        "a_second": round(len(log["handed over"]) / (last - first), 1),
        "stops": len(people),
        "stops_between_first_and_last": len(during),
        "stopped_in_time": sum(one.handed_over is None for one in people),
        "asked_before_the_commit_and_mailed": len(mailed) - len(meanwhile) - len(wronged),
        "asked_while_it_was_written_to_disk_and_mailed": len(meanwhile),
        "mailed_after_it_was_in_force": len(wronged),
        "commit_times_by": "PostgreSQL" if exact else "the answer to the POST",
        "asking_ms": round(median(asking) * 1000, 3),
        "asking_share": round(sum(asking) / (SENDERS * (last - first)), 3),
    }


def _show(people: list[Stopped], *, exact: bool) -> None:
    """Print how far the asking lay from the commit: left of 0 asked before, right of 0 after."""
    print("milliseconds from the commit of the stop to the asking about the message:")
    counts: Counter[tuple[int, bool]] = Counter()
    for one in people:
        if one.asked is not None:
            distance = (one.asked - one.committed) * 1000
            place = sum(distance >= edge for edge in BUCKETS)
            counts[place, one.handed_over is not None] += 1
    edges = ["-inf", *map(str, BUCKETS), "inf"]
    for place in range(len(BUCKETS) + 1):
        mailed, kept = counts[place, True], counts[place, False]
        print(f"{edges[place]:>6} to {edges[place + 1]:>5}: mailed {mailed:4} {'#' * mailed}")
        print(f"{'':15} left out {kept:2} {'.' * kept}")
    if not exact:
        print("commit times are those of the answers: PostgreSQL does not keep its own here")
