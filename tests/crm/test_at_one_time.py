"""Two acts at one time, really committed: whatever the order, a stop is not overlooked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from crm import wall
from crm.hashing import hashes_of
from crm.models import ConsentState, ContactPoint, Organisation, Source, Submission
from crm.services import permissions, visitors
from tests import factories

Worker = ThreadPoolExecutor
EMAIL = "priya@example.org"


@pytest.fixture
def workers(db: None) -> Iterator[tuple[Worker, Worker]]:
    """Two workers whose transactions are really committed; afterwards the owner empties the tables."""
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        seeded = one.submit(filled).result()  # what the migrations made stays for the next test
        try:
            yield one, two
        finally:
            one.submit(empty, seeded).result()
            two.submit(lambda: connection.close()).result()


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        return [name for (name,) in cursor.fetchall()]


def filled() -> set[str]:
    """The tables that have rows."""
    found = set()
    with connection.cursor() as cursor:
        for name in tables():
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
            found |= {name} if cursor.fetchone()[0] else set()
    return found


def empty(seeded: set[str]) -> None:
    written = [name for name in tables() if name not in seeded]
    with connection.cursor() as cursor:
        for name in written:  # the ledger and the audit are emptied by nobody else
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(written)}")
        for name in written:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
    connection.close()


def meanwhile(
    workers: tuple[Worker, Worker], first: Callable[[], None], second: Callable[[], None]
) -> None:
    """Run `first` to just before it writes the states that it worked out, then `second`, then the rest of `first`."""
    one, two = workers
    begun: list[Future[None]] = []

    def before_it_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INSERT INTO crm_consentstate" in sql and not begun:
            begun.append(two.submit(second))
            with suppress(StillWaiting):  # it waits for `first`, as it should
                begun[0].result(timeout=1)
        return execute(sql, params, many, context)

    def run() -> None:
        with connection.execute_wrapper(before_it_writes):
            first()

    one.submit(run).result()
    begun[0].result()


def may_be_mailed(where: Organisation) -> bool:
    states = ConsentState.objects.filter(organisation=where)
    return states.filter(granted_at__isnull=False, refused_at__isnull=True).exists()


def import_yes(where: Organisation, point: ContactPoint | None = None) -> ContactPoint:
    """As an import's stretch does: people, their yes, and what it makes of them, in one transaction."""
    with wall.scope("platform"):
        point = point or factories.address(factories.supporter(where), EMAIL)
        factories.granted(point, source=Source.IMPORT, batch=factories.batch(where))
        permissions.refold(mailboxes=[hashes_of(EMAIL).mailbox])
    return point


def stop_page(whom: str) -> None:
    with wall.scope("platform"):
        visitors.stop(Submission(fields={"email": EMAIL, "organisation": whom}))


@pytest.mark.parametrize("whom", ["SOCR", "everyone"])
def test_a_stop_by_the_public_page_while_the_address_is_imported_is_not_overlooked(
    workers: tuple[Worker, Worker], whom: str
) -> None:
    one, _ = workers
    socr = one.submit(factories.organisation, "SOCR").result()
    meanwhile(workers, lambda: import_yes(socr), lambda: stop_page(whom))
    assert not one.submit(may_be_mailed, socr).result()


def test_a_one_click_stop_while_the_same_person_is_imported_again_is_not_overwritten(
    workers: tuple[Worker, Worker],
) -> None:
    one, _ = workers
    socr = one.submit(factories.organisation, "SOCR").result()
    point = one.submit(import_yes, socr).result()
    assert one.submit(may_be_mailed, socr).result()

    def stop() -> None:
        with wall.scope("keeper", organisation_id=socr.pk):
            permissions.stop_address(point=point, detail="one-click")

    meanwhile(workers, lambda: import_yes(socr, point), stop)
    assert not one.submit(may_be_mailed, socr).result()


def test_telling_a_partner_to_stop_while_joining_the_joint_list_ends_joint_mail(
    workers: tuple[Worker, Worker],
) -> None:
    one, _ = workers
    socr = one.submit(factories.organisation, "SOCR").result()
    joint = one.submit(factories.organisation, "JOINT", is_partner=False).result()
    person = one.submit(
        lambda: factories.address(factories.supporter(socr), EMAIL).supporter
    ).result()

    def join() -> None:
        with wall.scope("platform"):
            there = factories.address(factories.supporter(joint), EMAIL)
            factories.granted(there, statement=factories.statement(joint, names_also=(socr,)))
            permissions.refold(mailboxes=[hashes_of(EMAIL).mailbox])

    def stop() -> None:
        with wall.scope("keeper", organisation_id=socr.pk):
            permissions.stop_organisation(
                supporter=person, source=Source.PERSONAL, detail="preference page"
            )

    meanwhile(workers, join, stop)
    assert not one.submit(may_be_mailed, joint).result()
