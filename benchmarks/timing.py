"""Whether a response takes longer about an address that NEU holds than about one nobody holds (R-SEC2).

Each act, of SOCR's staff or of a visitor who asks NEU, is done in turn about an address of either kind, `--pairs`
(500) times each. The rank-sum test (Mann and Whitney, 1947) must find no difference at p < 0.01, and must find a
delay of 5 ms that is planted: a test that finds nothing because it cannot would prove nothing. An act that seems to
differ is measured once more, on other addresses, and differs only if it does so twice: one act in a hundred seems to
by chance alone. What was measured, and when, stands in decision 13.
"""

from __future__ import annotations

import argparse
import gc
import io
import itertools
import math
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from benchmarks import filling
from benchmarks._visits import Act, visits
from config.celery import app
from crm import wall
from crm.hashing import hashes_of
from crm.models import Membership, Organisation, User
from imports import services as imports
from imports.models import Import

LEVEL = 0.01
PLANTED = 0.005  # seconds
WARM_UP = 25
_number = itertools.count(1)


def run(arguments: list[str]) -> dict[str, Any]:
    """Measure every act; give p of each, and whether none differs and the planted delay is found."""
    parser = argparse.ArgumentParser(prog="bin/bench timing")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--people", type=int, default=2_000)
    options = parser.parse_args(arguments)
    app.conf.update(broker_url="memory://")  # what a page wakes is not measured
    filling.fill(options.people)
    socr, neu = (Organisation.objects.get(code=code) for code in ("SOCR", "NEU"))
    acts = probes(socr, neu)
    result: dict[str, Any] = {"pairs": options.pairs}
    differing = []
    for name, act in acts:
        result[f"{name}_p"], medians = _differs(act, neu, options.pairs)
        result[f"{name}_ms"] = medians
        if result[f"{name}_p"] < LEVEL:
            differing.append(name)
        print(f"{name:>12}: p = {result[f'{name}_p']:.3f}, {medians} ms", flush=True)
    planted, _ = measure(acts[0][1], neu, options.pairs, delay=PLANTED)
    result |= {"planted_p": planted, "differing": differing}
    result["passes"] = not differing and planted < LEVEL
    return result


def probes(socr: Organisation, neu: Organisation) -> list[tuple[str, Act]]:
    """Give the acts by name: what SOCR's staff do, and what a visitor may ask of NEU."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(_organiser(socr))
    return [
        ("search", partial(_search, client)),
        ("add_person", partial(_add_person, client)),
        ("import", partial(_import, socr)),
        *visits(neu),
    ]


def _organiser(socr: Organisation) -> User:
    user, _ = User.objects.get_or_create(email="timing@socr.example.org")
    Membership.objects.get_or_create(user=user, organisation=socr)
    return user


def _search(client: Client, address: str) -> None:
    assert client.get(reverse("people"), {"q": address}).status_code == 200


def _add_person(client: Client, address: str) -> None:
    answer = client.post(reverse("add-person"), {"first_name": "Una", "email": address})
    assert answer.status_code == 302, answer.status_code


def _import(socr: Organisation, address: str) -> None:
    """Bring a list of one address from the file to people, as the web process and the worker do."""
    with wall.scope("staff", organisation_id=socr.pk):
        file = imports.upload(
            organisation=socr,
            name="list.csv",
            content=io.BytesIO(f"Email,First name\n{address},Una\n".encode()),
            statement=None,
            collected_on=None,
            adults_only=True,
            user=None,
        )
    file = imports.preview(file=file)
    with wall.scope("staff", organisation_id=socr.pk):
        file = imports.start(file=file)
    file = imports.apply(file=file)
    assert file.state == Import.State.APPLIED, file.trouble
    file.file.delete(save=False)


def _differs(act: Act, neu: Organisation, pairs: int) -> tuple[float, list[float]]:
    """Give p, the larger of two measurements if the first is small, with the medians of the last."""
    first, medians = measure(act, neu, pairs)
    if first >= LEVEL:
        return first, medians
    second, medians = measure(act, neu, pairs)
    return max(first, second), medians


def measure(
    act: Act, neu: Organisation, pairs: int, *, delay: float = 0.0
) -> tuple[float, list[float]]:
    """Time an act about addresses of both kinds in turn; give p and the two medians in milliseconds.

    `delay`: seconds that are added to each act about an address that NEU holds.
    """
    held, free = _addresses(neu, pairs + WARM_UP)
    times: dict[bool, list[float]] = {True: [], False: []}
    gc.collect()
    gc.disable()
    try:
        for pair in zip(held, free, strict=True):
            for is_held in random.sample((True, False), 2):
                began = time.perf_counter()
                act(pair[0] if is_held else pair[1])
                if is_held and delay:
                    time.sleep(delay)
                times[is_held].append(time.perf_counter() - began)
    finally:
        gc.enable()
    ones, others = times[True][WARM_UP:], times[False][WARM_UP:]
    medians = [round(sorted(found)[len(found) // 2] * 1000, 2) for found in (ones, others)]
    return rank_sum(ones, others), medians


def _addresses(neu: Organisation, count: int) -> tuple[list[str], list[str]]:
    """Make addresses that NEU holds, and as many alike that nobody holds."""
    run_of = [f"p{next(_number):06d}x{random.randrange(16**8):08x}" for _ in range(2 * count)]
    addresses = [f"{name}@example.org" for name in run_of]
    held, free = addresses[:count], addresses[count:]
    rows = [(address, *_hashes(address)) for address in held]
    with connection.cursor() as cursor:
        cursor.executemany(_HOLD, [[neu.pk, *row] for row in rows])
    return held, free


def _hashes(address: str) -> tuple[str, bytes, bytes]:
    found = hashes_of(address)
    return found.key_id, found.address_key, found.mailbox


_HOLD = """
    WITH given AS (
        SELECT %s::smallint AS organisation_id, %s::text AS address, %s::text AS key_id, %s::bytea AS narrow,
               %s::bytea AS wide, nextval(pg_get_serial_sequence('crm_supporter', 'id')) AS id
    ), person AS (
        INSERT INTO crm_supporter (id, public_id, organisation_id, canonical_id, first_name, last_name, name_forms,
            last_fold, postcode, postcode_fold, external_id, age_band, restricted, deceased, created_at)
        SELECT id, gen_random_uuid(), organisation_id, id, 'Una', '', '{una}', '', '', '', '', 18, false, false, now()
        FROM given
    ), point AS (
        INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind,
            problem, created_at)
        SELECT gen_random_uuid(), organisation_id, id, 1, address, address, 1, 0, now() FROM given RETURNING id
    ), term AS (
        INSERT INTO crm_searchterm (organisation_id, supporter_id, term) SELECT organisation_id, id, address FROM given
    )
    INSERT INTO crm_addresskey (contact_point_id, organisation_id, key_id, address_key, mailbox)
    SELECT point.id, organisation_id, key_id, narrow, wide FROM given, point
"""


def rank_sum(ones: Sequence[float], others: Sequence[float]) -> float:
    """Give the two-sided p of the rank-sum test, by the normal approximation with ties taken into account."""
    first, second = len(ones), len(others)
    total = first + second
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    ranks, ties, start = 0.0, 0.0, 0
    while start < total:
        end = start
        while end < total and ranked[end][0] == ranked[start][0]:
            end += 1
        middle, same = (start + 1 + end) / 2, end - start
        ranks += middle * sum(1 for _, group in ranked[start:end] if group == 0)
        ties += same**3 - same
        start = end
    mean = first * (total + 1) / 2
    variance = first * second / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    return math.erfc(abs(ranks - mean) / math.sqrt(2 * variance))
