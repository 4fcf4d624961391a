"""I10: the ledger's seals verify, and show whatever was changed, added or taken away afterwards."""

from __future__ import annotations

from typing import ClassVar

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from crm import wall
from crm.models import Action, ConsentEvent, Organisation, Seal, SealMark
from crm.services import seals
from crm.sql import seals as sql
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_marks(db: None) -> None:
    """Begin without marks: tests that commit may have left some."""
    SealMark.objects.all().delete()


def forge(statement: str) -> None:
    """Do as somebody who has the server itself in hand: switch the guards off and write."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("crm_consentevent", "crm_seal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        for table in ("crm_consentevent", "crm_seal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def ledger(where: Organisation, events: int) -> list[int]:
    point = factories.address(factories.supporter(where))
    return [factories.granted(point).pk for _ in range(events)]


def everybody_ends() -> None:
    """Let every transaction end that was running when the marks were set; the test's own is one of them."""
    SealMark.objects.filter(horizon__isnull=False).update(horizon=1)


def round_of_sealing() -> int:
    everybody_ends()
    return seals.seal()


def three_rounds() -> int:
    return sum(round_of_sealing() for _ in range(3))


def test_events_are_sealed_in_the_third_round_after_they_were_written(socr: Organisation) -> None:
    ledger(socr, 4)
    assert [round_of_sealing() for _ in range(4)] == [0, 0, 1, 0]
    assert Seal.objects.get().events == 4


def test_each_seal_covers_what_came_since_the_one_before(socr: Organisation) -> None:
    for _ in range(3):
        ledger(socr, 2)
        round_of_sealing()
    three_rounds()
    assert [seal.events for seal in Seal.objects.order_by("through")] == [2, 2, 2]
    assert seals.verify().broken == []


def test_nothing_is_sealed_while_somebody_may_still_write_below_it(socr: Organisation) -> None:
    ledger(socr, 1)
    assert sum(seals.seal() for _ in range(5)) == 0  # this test's own transaction is such a writer
    assert round_of_sealing() == 1


def test_gaps_between_the_ids_mean_nothing(socr: Organisation) -> None:
    ledger(socr, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_consentevent', 'id'))")
    ledger(socr, 1)
    three_rounds()
    assert seals.verify().broken == []


@pytest.mark.parametrize(
    ("crime", "shown"),
    [
        ("UPDATE crm_consentevent SET action = 3 WHERE id = {event}", "says something else"),
        ("UPDATE crm_consentevent SET recorded_at = recorded_at - interval '1 second' WHERE id = {event}", "else"),
        ("UPDATE crm_consentevent SET mailbox = decode(repeat('00', 16), 'hex') WHERE id = {event}", "hash"),
        ("DELETE FROM crm_consentevent WHERE id = {event}", "2 events were sealed, and there are 1"),
        ("UPDATE crm_seal SET digest = decode(repeat('00', 32), 'hex')", "says something else"),
    ],
)  # fmt: skip
def test_whatever_was_done_to_a_sealed_event_is_shown(
    socr: Organisation, crime: str, shown: str
) -> None:
    event, _ = ledger(socr, 2)
    three_rounds()
    forge(crime.format(event=event))
    ((_, fault),) = seals.verify().broken
    assert shown in fault
    with pytest.raises(CommandError, match="1 of 1 seals do not agree"):
        call_command("verify_seals")


def test_an_event_slipped_in_between_sealed_ones_is_shown(socr: Organisation) -> None:
    first, *_ = ledger(socr, 3)
    forge(f"DELETE FROM crm_consentevent WHERE id = {first + 1}")
    three_rounds()
    forge(f"""
        INSERT INTO crm_consentevent (id, organisation_id, supporter_id, contact_point_id, address_key, mailbox, reach,
            action, source, source_detail, recorded_at)
        SELECT id + 1, organisation_id, supporter_id, contact_point_id, address_key, mailbox, 1, 3, 1, '', now()
        FROM crm_consentevent WHERE id = {first}""")
    ((_, fault),) = seals.verify().broken
    assert fault == "2 events were sealed, and there are 3"


def test_the_platform_itself_can_neither_change_nor_delete_a_seal(socr: Organisation) -> None:
    ledger(socr, 1)
    three_rounds()
    for crime in ("UPDATE crm_seal SET events = 0", "DELETE FROM crm_seal", "TRUNCATE crm_seal"):
        for role in ("platform", "owner"):
            with (
                pytest.raises(Exception, match=r"permission denied|never changed"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"SET LOCAL ROLE coalesce_{role}; {crime}")


def test_hashes_that_were_rotated_can_be_sealed_anew_and_the_chain_stays(
    socr: Organisation,
) -> None:
    ledger(socr, 2)
    three_rounds()
    before = [bytes(seal.digest) for seal in Seal.objects.all()]
    forge("UPDATE crm_consentevent SET mailbox = decode(repeat('00', 16), 'hex')")
    sql.reseal_hashes()
    assert seals.verify().broken == []
    assert [bytes(seal.digest) for seal in Seal.objects.all()] == before


class Ledger(RuleBasedStateMachine):
    """I10: events are written, some by transactions that take their time, and rounds of sealing pass."""

    where: ClassVar[Organisation]

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(events=st.integers(1, 3))
    def events_are_written(self, events: int) -> None:
        ledger(self.where, events)

    @rule()
    def an_id_is_given_out_and_never_used(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_consentevent', 'id'))")

    @rule()
    def a_round_passes_while_somebody_writes(self) -> None:
        seals.seal()

    @rule()
    def a_round_passes_after_everybody_has_ended(self) -> None:
        round_of_sealing()

    @invariant()
    def every_seal_verifies_and_no_event_is_sealed_twice(self) -> None:
        assert seals.verify().broken == []
        last = Seal.objects.order_by("-through").values_list("through", flat=True).first() or 0
        sealed = sum(Seal.objects.values_list("events", flat=True))
        assert sealed == ConsentEvent.objects.filter(id__lte=last).count()


def test_i10_all_seals_verify_whenever_events_come_and_rounds_pass(socr: Organisation) -> None:
    Ledger.where = socr
    plenty = settings(max_examples=15, stateful_step_count=15, phases=[Phase.generate])
    run_state_machine_as_test(Ledger, settings=plenty)  # type: ignore[no-untyped-call]


def test_in_the_end_everything_is_sealed(socr: Organisation) -> None:
    ledger(socr, 5)
    round_of_sealing()
    ledger(socr, 5)
    three_rounds()
    assert sum(Seal.objects.values_list("events", flat=True)) == ConsentEvent.objects.count()
    assert not SealMark.objects.exists()


def test_what_a_seal_digests_does_not_depend_on_the_readers_settings(socr: Organisation) -> None:
    point = factories.address(factories.supporter(socr))
    factories.event(point, Action.WITHDRAW)
    three_rounds()
    with wall.scope("platform"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'")
        assert sql.broken() == []
