"""A list of `--people` (1,000,000) supporters: how roles are best stored, and how the hot statements run.

Everything is measured as the role that runs it in earnest, with the gate in the query where there is one. The
first run fills the database, which takes minutes; later runs find it filled. `--plans` prints the plans.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from benchmarks import filling
from crm import consent, search, segments, wall
from crm.models import AddressKey, ContactPoint, Organisation, Purpose, Role, Segment, Supporter
from crm.sql import fold
from mailings.models import Audience, Campaign
from mailings.sql import freezing, queue
from mailings.sql.asking import Asking

REPEATS = 5


def run(arguments: list[str]) -> dict[str, Any]:
    """Fill, measure, and give medians in milliseconds."""
    parser = argparse.ArgumentParser(prog="bin/bench people")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--fold", action="store_true", help="fold all events too (minutes)")
    options = parser.parse_args(arguments)
    events = filling.fill(options.people)
    result: dict[str, Any] = {"people": options.people, "events": events}
    socr = Organisation.objects.get(code="SOCR")
    result |= _storage(socr)
    result |= _pages(socr, show_plans=options.plans)
    result |= _queue(socr)
    if options.fold:
        result["fold_all_s"] = _fold()
    return result


def _median(act: Callable[[], object]) -> float:
    """Give the median milliseconds of an act, after one run to warm up."""
    act()
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(taken), 2)


def _storage(socr: Organisation) -> dict[str, float]:
    """Compare roles in link tables with integer keys with roles in an array column, as staff."""
    senco = Role.objects.get(code="senco").pk
    link = (
        "SELECT count(*) FROM crm_supporter s WHERE s.id IN "
        "(SELECT r.supporter_id FROM crm_supporterrole r WHERE r.role_id = %s)"
    )
    array = "SELECT count(*) FROM bench_supporter_roles s WHERE s.roles @> ARRAY[%s]::smallint[]"
    results = {}
    with wall.scope("staff", organisation_id=socr.pk), connection.cursor() as cursor:
        for name, sql in (("link_table", link), ("array", array)):
            results[f"roles_as_{name}_ms"] = _median(partial(_count, cursor, sql, senco))
    return results


def _count(cursor: Any, sql: str, role: int) -> int:
    """Run a counting query again."""
    cursor.execute(sql, [role])
    return int(cursor.fetchone()[0])


def _pages(socr: Organisation, *, show_plans: bool) -> dict[str, float]:
    """Time what organisers wait for: the list, searches, a segment's size."""
    senco = Role.objects.get(code="senco").pk
    segment = Segment(
        organisation=socr,
        rules={"match": "all", "rules": [{"field": "role", "op": "is", "value": senco}]},
    )
    question = consent.Question(
        Purpose.objects.get(organisation=socr).pk, suitable_for_under_18=True
    )
    with wall.scope("staff", organisation_id=socr.pk):
        asked = {
            "list_first_page_ms": search.people(socr)[: search.PAGE],
            "list_deep_page_ms": search.people(socr).filter(pk__lt=filling.middle())[: search.PAGE],
            "search_name_ms": search.people(socr, "okaf")[: search.PAGE],
            "search_two_words_ms": search.people(socr, "priya okaf")[: search.PAGE],
            "search_address_ms": search.people(socr, "person4711@")[: search.PAGE],
            "search_phone_ms": search.people(socr, "07700 900123")[: search.PAGE],
        }
        results = {name: _median(partial(_read, found)) for name, found in asked.items()}
        results["segment_size_ms"] = _median(lambda: segments.size(socr, segment, question))
        if show_plans:
            for name, found in asked.items():
                print(f"-- {name}\n{found.explain(analyze=True)}\n")
    return results


def _read(found: QuerySet[Supporter]) -> list[Supporter]:
    """Run a query again."""
    return list(found.all())


def _queue(socr: Organisation) -> dict[str, float]:
    """Time freezing a campaign to everyone, claiming a chunk, and the asking that precedes a message."""
    results: dict[str, float] = {}
    with transaction.atomic(), wall.scope("platform"):
        campaign, version = filling.campaign(socr)
        began = time.perf_counter()
        freezing.audience(version, consent.Question(version.purpose_id, suitable_for_under_18=True))
        results["audience_s"] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        total = freezing.deliveries(campaign.pk, is_coordinated=False)
        freezing.chunks(campaign.pk, total)
        results["deliveries_s"] = round(time.perf_counter() - began, 2)
        results["deliveries"] = total
        Campaign.objects.filter(pk=campaign.pk).update(
            state=Campaign.State.SENDING, swept_at=timezone.now()
        )
        results["claim_ms"] = _median(lambda: queue.claim(campaign.pk))
        claimed = queue.claim(campaign.pk)
        assert claimed is not None
        results["chunk_load_ms"] = _median(lambda: queue.messages(claimed))
        asking = Asking.about(consent.Question(version.purpose_id, suitable_for_under_18=True))
        message = queue.messages(claimed)[0]
        results["asking_ms"] = (
            _median(lambda: [asking.ask(claimed, message) for _ in range(100)]) / 100
        )
        # What somebody costs who said stop: their permission afresh, and who else reads the inbox.
        point = ContactPoint.objects.get(pk=message.contact_point_id)
        touched = fold.Touched((point.supporter_id,))
        results["refold_ms"] = _median(lambda: fold.refold(touched))
        household = _household(message)
        results["others_ms"] = _median(lambda: queue.others(campaign.pk, household))
        transaction.set_rollback(True)
    return results


def _household(message: queue.Message) -> queue.Message:
    """Let one more person of the audience read a message's inbox."""
    own = AddressKey.objects.get(contact_point=message.contact_point_id)
    other = Audience.objects.filter(reasons=0).exclude(contact_point=message.contact_point_id)[0]
    AddressKey.objects.filter(contact_point=other.contact_point_id).update(mailbox=own.mailbox)
    return message


def _fold() -> float:
    """Time deriving every state from all events."""
    with transaction.atomic(), wall.scope("platform"):
        began = time.perf_counter()
        fold.rebuild()
        taken = time.perf_counter() - began
        transaction.set_rollback(True)
    return round(taken, 1)
