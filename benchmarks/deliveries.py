"""A hundred campaigns of a million messages each (`--rows` 100,000,000): is the hot path as quick as with one?

The table of deliveries is one, without partitions. Its keys begin with the campaign, so a campaign writes to one end
of them and reads from one place. Each statement of a campaign's life is timed while the table holds one campaign
(`--small` 1,000,000 rows) and again when it holds a hundred, in one run; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benchmarks import filling
from crm import wall
from crm.models import Organisation
from mailings.models import Campaign
from mailings.sql import freezing, queue

CAMPAIGN = 1_000_000  # messages of one campaign
REPEATS = 9


def run(arguments: list[str]) -> dict[str, Any]:
    """Fill, measure, fill up, measure again; give milliseconds, and what grew by how much."""
    parser = argparse.ArgumentParser(prog="bin/bench deliveries")
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--small", type=int, default=CAMPAIGN)
    options = parser.parse_args(arguments)
    filling.fill(1_000)
    _empty()
    _fill(1, options.small // CAMPAIGN)
    small = _measure()
    began = time.perf_counter()
    _fill(options.small // CAMPAIGN + 1, options.rows // CAMPAIGN)
    filled = round(time.perf_counter() - began)
    large = _measure()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('mailings_delivery') / 1e9")
        (size,) = cursor.fetchone()
    _empty()
    ratios = {name: round(large[name] / small[name], 2) for name in small if small[name]}
    return {
        "rows": options.rows,
        "filled_s": filled,
        "size_gb": round(float(size), 1),
        "with_one_campaign": small,
        "with_all": large,
        "ratios": ratios,
    }


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE mailings_delivery")


_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname
    FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
    WHERE i.indrelid = 'mailings_delivery'::regclass
"""
_ROWS = """
    INSERT INTO mailings_delivery (public_id, organisation_id, campaign_id, version_id, supporter_id, contact_point_id,
        mailbox, seq, is_personal, is_coordinated, status, reasons, detail, settled_at)
    SELECT gen_random_uuid(), %(organisation)s, -%(campaign)s, -%(campaign)s, s, s,
           substr(sha256(int4send(%(campaign)s) || int4send(s)), 1, 16), s, true, false, %(status)s, 0, '', now()
    FROM generate_series(1, %(size)s) s
"""


def _fill(first: int, last: int) -> None:
    """Write finished campaigns, with the indexes away meanwhile when there are many. Invented ids are negative."""
    if last < first:
        return
    print(f"writing campaigns {first} to {last} of {CAMPAIGN:,} messages …", flush=True)
    socr = Organisation.objects.get(code="SOCR").pk
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall() if last - first > 3 else []
        for name, _, constraint in indexes:
            if constraint:
                cursor.execute(f"ALTER TABLE mailings_delivery DROP CONSTRAINT {constraint}")
            else:
                cursor.execute(f"DROP INDEX {name}")
        for campaign in range(first, last + 1):
            values = {"organisation": socr, "campaign": campaign, "size": CAMPAIGN, "status": 1}
            cursor.execute(_ROWS, values)
        for name, definition, constraint in indexes:
            cursor.execute(definition)
            if constraint:
                kind = "PRIMARY KEY" if constraint.endswith("_pkey") else "UNIQUE"
                cursor.execute(
                    f"ALTER TABLE mailings_delivery ADD CONSTRAINT {constraint} {kind} USING INDEX {name}"
                )
        cursor.execute("VACUUM ANALYZE mailings_delivery")


def _measure() -> dict[str, float]:
    """Time the statements of one more campaign's life, in a transaction that is taken back."""
    with transaction.atomic(), wall.scope("platform"), connection.cursor() as cursor:
        campaign, _ = filling.campaign(Organisation.objects.get(code="SOCR"))
        began = time.perf_counter()
        rows = _ROWS.replace("-%(campaign)s", str(campaign.pk))
        values = {"organisation": campaign.organisation_id, "campaign": campaign.pk}
        cursor.execute(rows, {**values, "size": CAMPAIGN, "status": 0})
        found = {"queue_a_million_s": round(time.perf_counter() - began, 2)}
        freezing.chunks(campaign.pk, CAMPAIGN)
        Campaign.objects.filter(pk=campaign.pk).update(
            state=Campaign.State.SENDING, swept_at=timezone.now()
        )
        found["claim_ms"] = _median([partial(queue.claim, campaign.pk)] * (REPEATS + 1))
        found["chunk_load_ms"] = _median(
            [
                partial(queue.messages, queue.Claim(0, campaign.pk, n * 500 + 1, n * 500 + 500, 0))
                for n in range(REPEATS + 1)
            ]
        )
        ids = _ids(campaign, 501 * (REPEATS + 1))
        settle = "UPDATE mailings_delivery SET status = 1, settled_at = now() WHERE id = ANY(%s) AND status = 0"
        for size in (500, 1):
            parts = [ids[n * 501 + 500 - size :][:size] for n in range(REPEATS + 1)]
            found[f"settle_{size}_ms"] = _median(
                [partial(cursor.execute, settle, [part]) for part in parts]
            )
        history = (
            "SELECT * FROM mailings_delivery WHERE supporter_id = 777 ORDER BY id DESC LIMIT 50"
        )
        found["history_of_a_person_ms"] = _median(
            [partial(cursor.execute, history)] * (REPEATS + 1)
        )
        transaction.set_rollback(True)
    return found


def _ids(campaign: Campaign, number: int) -> list[int]:
    """Give the ids of a campaign's first messages, which belong to people who are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_delivery SET supporter_id = 1 + seq %% 1000, contact_point_id = 1 + seq %% 1000
            WHERE campaign_id = %s AND seq <= %s RETURNING id
            """,
            [campaign.pk, number],
        )
        return [row[0] for row in cursor.fetchall()]


def _median(acts: list[Callable[[], object]]) -> float:
    """Give the median milliseconds of some acts; the first warms up."""
    acts[0]()
    taken = []
    for act in acts[1:]:
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(taken), 3)
