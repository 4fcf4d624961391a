"""A rotation puts every hash under a new secret, and loses no refusal of people who were erased (decision 0004)."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from crm import hashing, wall
from crm.models import (
    Action,
    AddressKey,
    ConsentEvent,
    ContactPoint,
    Deliverability,
    HashChain,
    Organisation,
    PlatformStop,
    Reach,
    Seal,
    SealMark,
    ServiceMail,
    Source,
)
from crm.services import letters, permissions, rotation
from crm.sql import fold, seals
from crm.sql import rotation as sql
from imports.models import StagedRow
from mailings.models import Campaign, Delivery, Event
from tests import factories
from tests.imports.conftest import HEAD, bring, point, preview, reasons
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
NEW = "k2:" + "fedcba9876543210" * 4
MAIL_MAY_CHANGE = ""
ERASED = "gone@example.org"
YES = [HEAD, [ERASED, "Priya", "Okafor", "yes", "2026-01-10"]]


@pytest.fixture
def longer(settings: Any) -> str:
    """The environment's chain with one more link, as an admin sets it before the rotation."""
    settings.COALESCE_HASH_KEY = f"{settings.COALESCE_HASH_KEY},{NEW}"
    return str(settings.COALESCE_HASH_KEY)


def rotate() -> dict[str, int]:
    return rotation.rotate(reason_to_wait=lambda: MAIL_MAY_CHANGE)


def said() -> str:
    out = io.StringIO()
    call_command("rotate_hash_key", stdout=out)
    return out.getvalue()


def erased(where: Organisation, address: str) -> ConsentEvent:
    """All that is left of somebody who was erased: a refusal of their inbox, without a person."""
    return ConsentEvent.objects.create(
        organisation=where,
        reach=Reach.MAILBOX,
        action=Action.ERASED,
        source=Source.PERSONAL,
        mailbox=hashing.hashes_of(address).mailbox,
        occurred_at=datetime(2026, 2, 1, tzinfo=UTC),
        occurred_until=datetime(2026, 2, 1, tzinfo=UTC),
    )


# What it does


def test_a_refusal_of_somebody_erased_still_blocks_their_import(
    socr: Organisation, settings: Any
) -> None:
    event = erased(socr, ERASED)
    before = bytes(event.mailbox or b"")
    settings.COALESCE_HASH_KEY = f"{settings.COALESCE_HASH_KEY},{NEW}"
    rotate()
    event.refresh_from_db()
    assert bytes(event.mailbox or b"") != before
    bring(socr, YES)
    assert not ContactPoint.objects.filter(folded=ERASED).exists()  # no profile comes of the row


def test_the_seals_of_the_ledger_agree_before_and_after(socr: Organisation, settings: Any) -> None:
    erased(socr, ERASED)
    for _ in range(3):
        SealMark.objects.filter(horizon__isnull=False).update(horizon=1)
        seals.seal()
    settings.COALESCE_HASH_KEY = f"{settings.COALESCE_HASH_KEY},{NEW}"
    rotate()
    assert Seal.objects.count() == 1
    assert seals.broken() == []


def test_every_table_that_keeps_hashes_is_found_and_under_the_new_secret(
    socr: Organisation, settings: Any, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    send_all(campaign(socr))
    preview(socr, YES, statement=factories.statement(socr))
    stopped = supporter_who_said_yes(socr, "sam@example.org")
    with wall.scope("staff", organisation_id=socr.pk):
        permissions.stop_everything(point=stopped, detail="link")
    Deliverability.objects.create(
        organisation=socr,
        mailbox=hashing.hashes_of("ben@example.org").mailbox,
        problem=1,
        since=timezone.now(),
    )
    letters.post(
        organisation_id=socr.pk, kind=ServiceMail.Kind.FRESH_LINK, address="ben@example.org"
    )
    Event.objects.create(
        route="ses",
        key=b"k" * 16,
        kind=2,
        mailbox=hashing.hashes_of("ben@example.org").mailbox,
        happened_at=timezone.now(),
    )
    settings.COALESCE_HASH_KEY = f"{settings.COALESCE_HASH_KEY},{NEW}"
    counts = rotate()
    assert set(counts) == tables_with_hashes()
    assert all(counts.values())
    priya, sam, gone, ben = (
        hashing.hashes_of(f"{name}@example.org") for name in ("priya", "sam", "gone", "ben")
    )
    key = AddressKey.objects.get(contact_point__folded="priya@example.org")
    assert (key.key_id, bytes(key.address_key)) == ("k2", priya.address_key)
    assert {bytes(box) for box in AddressKey.objects.values_list("mailbox", flat=True)} == {
        priya.mailbox,
        sam.mailbox,
    }
    granted = ConsentEvent.objects.get(supporter_id=key.contact_point.supporter_id)
    assert (granted.address_key, granted.mailbox) == (priya.address_key, priya.mailbox)
    assert bytes(Delivery.objects.get().mailbox) == priya.mailbox
    assert bytes(Deliverability.objects.get().mailbox) == ben.mailbox
    assert bytes(ServiceMail.objects.get().mailbox) == ben.mailbox
    assert bytes(Event.objects.get().mailbox or b"") == ben.mailbox
    stop, row = PlatformStop.objects.get(), StagedRow.objects.get()
    assert (stop.key_id, bytes(stop.mailbox)) == ("k2", sam.mailbox)
    assert (row.key_id, row.address_key, row.mailbox) == ("k2", gone.address_key, gone.mailbox)


def tables_with_hashes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND a.attname IN ('address_key', 'mailbox') AND NOT a.attisdropped
            """
        )
        return {name for (name,) in cursor.fetchall()}


def test_permission_is_what_it_was(socr: Organisation, settings: Any) -> None:
    bring(socr, [*YES, ["no@example.org", "Sam", "Lee", "no", "2026-01-10"]])
    yes, no = point(socr, ERASED), point(socr, "no@example.org")
    before = (reasons(yes), reasons(no))
    settings.COALESCE_HASH_KEY = f"{settings.COALESCE_HASH_KEY},{NEW}"
    rotate()
    assert (reasons(yes), reasons(no)) == before
    assert fold.differences() == 0
    assert fold.rebuild() == 2
    assert (reasons(yes), reasons(no)) == before


@pytest.mark.parametrize("length", [32, 64, 100])
def test_postgresql_hashes_as_python_does(length: int, settings: Any) -> None:
    key = bytes(range(length)).hex()
    settings.COALESCE_HASH_KEY = f"{settings.COALESCE_HASH_KEY},k2:{key}"
    rotate()
    assert bytes(HashChain.objects.get().proof) == hashing.configured().proof


def test_the_new_secret_is_in_no_statement(longer: str) -> None:
    statements: list[str] = []

    def note(execute: Any, statement: Any, parameters: Any, many: Any, context: Any) -> Any:
        statements.append(f"{statement} {parameters}")
        return execute(statement, parameters, many, context)

    with connection.execute_wrapper(note):
        rotate()
    key = bytes.fromhex(longer.rpartition(":")[2])
    inner = bytes(byte ^ 0x36 for byte in key).hex()
    assert any("crm_addresskey" in statement for statement in statements)
    assert not [line for line in statements if key.hex() in line or inner in line]


# When it is run again, or dies


def test_a_second_run_changes_nothing(socr: Organisation, longer: str) -> None:
    event = erased(socr, ERASED)
    rotate()
    event.refresh_from_db()
    assert rotate() == {}
    again = ConsentEvent.objects.get()
    assert again.mailbox == event.mailbox


def test_a_run_that_dies_leaves_everything_under_the_old_secret_and_can_be_repeated(
    socr: Organisation, longer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = erased(socr, ERASED)
    with monkeypatch.context() as dying:
        dying.setattr(sql, "move_chain", lambda key_id: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rotate()
    assert rotation.is_due()
    assert ConsentEvent.objects.get().mailbox == event.mailbox
    rotate()
    assert not rotation.is_due()


def test_the_command_first_says_what_to_set_and_changes_nothing(
    socr: Organisation, settings: Any
) -> None:
    before = bytes(HashChain.objects.get().proof)
    (line,) = [line for line in said().splitlines() if line.startswith("COALESCE_HASH_KEY=")]
    assert bytes(HashChain.objects.get().proof) == before
    value = line.partition("=")[2]
    assert value.startswith(f"{settings.COALESCE_HASH_KEY},k2:")
    assert value not in said()  # nothing is kept of it, so each is a new one
    settings.COALESCE_HASH_KEY = value
    assert "Every hash is under the new link." in said()
    assert "Nothing was changed." in said()


# When it refuses


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        ("k1:" + "ab" * 32, "made with another k1"),
        ("k1:" + "ab" * 32 + "," + NEW, "made with another k1"),
        (NEW, "under k1, which is neither"),
        ("", "under k1, which is neither"),
    ],
)
def test_another_chain_than_made_the_hashes_is_refused(
    chain: str, sentence: str, settings: Any
) -> None:
    settings.COALESCE_HASH_KEY = chain
    with pytest.raises(CommandError, match=sentence):
        said()


def test_two_links_at_once_are_refused(longer: str, settings: Any) -> None:
    settings.COALESCE_HASH_KEY = f"{longer},k3:{'0123456789abcdef' * 4}"
    with pytest.raises(CommandError, match="under k1, which is neither"):
        said()


@pytest.mark.parametrize("state", [Campaign.State.SENDING, Campaign.State.SCHEDULED])
def test_it_waits_while_mail_goes_out(socr: Organisation, longer: str, state: str) -> None:
    made = campaign(socr)
    Campaign.objects.filter(pk=made.pk).update(state=state)
    with pytest.raises(CommandError, match="being sent or is due"):
        said()
    assert rotation.is_due()
    Campaign.objects.filter(pk=made.pk).update(state=Campaign.State.DONE)
    said()
    assert not rotation.is_due()


# What nobody else can do


def test_a_process_with_the_old_chain_writes_no_hash(socr: Organisation, settings: Any) -> None:
    old = settings.COALESCE_HASH_KEY
    settings.COALESCE_HASH_KEY = f"{old},{NEW}"
    rotate()
    settings.COALESCE_HASH_KEY = old
    with pytest.raises(DatabaseError, match="hash key was rotated"), transaction.atomic():
        factories.address(factories.supporter(socr))
    with pytest.raises(DatabaseError, match="hash key was rotated"), transaction.atomic():
        preview(socr, YES, statement=factories.statement(socr))
    with pytest.raises(DatabaseError, match="hash key was rotated"), transaction.atomic():
        PlatformStop.objects.create(mailbox=b"m" * 16, key_id="k1", stopped_at=timezone.now())


ROTATED = "UPDATE crm_consentevent SET mailbox = sha256(mailbox)"


@pytest.mark.parametrize("role", ["staff", "keeper", "steward", "platform"])
def test_no_role_may_change_a_hash_of_the_ledger(socr: Organisation, role: wall.Role) -> None:
    erased(socr, ERASED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.rotation', 'on', true)")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            with wall.scope(role, organisation_id=socr.pk):
                cursor.execute(ROTATED)
        # Even if somebody gave it the right by mistake.
        cursor.execute(f"GRANT SELECT, UPDATE ON crm_consentevent TO coalesce_{role}")
        cursor.execute(f"CREATE POLICY mistake ON crm_consentevent TO coalesce_{role} USING (true)")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            with wall.scope(role, organisation_id=socr.pk):
                cursor.execute(ROTATED)


@pytest.mark.parametrize(
    ("rotating", "change"),
    [
        ("", "mailbox = sha256(mailbox)"),
        ("on", "action = 1"),
        ("on", "mailbox = sha256(mailbox), occurred_at = now()"),
        ("on", "reach = 2, supporter_id = 1, mailbox = NULL"),
        ("on", "address_key = mailbox"),
    ],
)
def test_the_owner_may_change_the_hashes_and_nothing_else_and_only_while_rotating(
    socr: Organisation, rotating: str, change: str
) -> None:
    erased(socr, ERASED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.rotation', %s, true)", [rotating])
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(f"UPDATE crm_consentevent SET {change}")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute("DELETE FROM crm_consentevent")
