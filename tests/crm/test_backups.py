"""The journal of refusals: what is written, what a dead worker leaves, and what a restored backup gets back."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from crm import hashing, wall
from crm.identity import addresses
from crm.journal import Journal, Line
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    JournalMark,
    Organisation,
    PlatformStop,
    Reach,
    Supporter,
    WaitingRefusal,
)
from crm.reasons import Reason
from crm.services import backups, permissions, restricting
from tests import factories
from tests.crm import public

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"


@pytest.fixture(autouse=True)
def file(settings: Any, tmp_path: Path) -> Path:
    """The journal of this test."""
    settings.COALESCE_HOME = tmp_path
    return tmp_path / "refusals" / "journal.jsonl"


def said_yes(where: Organisation, email: str = MAIL) -> ContactPoint:
    point = factories.address(factories.supporter(where), email)
    factories.granted(point)
    permissions.refold(supporter_ids=[point.supporter_id])
    return point


def stop(point: ContactPoint) -> None:
    with wall.scope("keeper", organisation_id=point.organisation_id):
        permissions.stop_address(point=point, detail="one-click")


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in file.read_text().splitlines()]


def test_the_journal_holds_keyed_hashes_and_nobodys_name(socr: Organisation, file: Path) -> None:
    point = said_yes(socr)
    stop(point)
    assert backups.write_journal() == 1
    (line,) = lines(file)
    assert line["mailbox"] == bytes(point.keys.mailbox).hex()
    assert (line["n"], line["organisation"], line["action"]) == (1, "SOCR", 5)
    assert line["entry"] == ""
    assert MAIL not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_refusal_is_written_once(socr: Organisation, file: Path) -> None:
    stop(said_yes(socr))
    backups.write_journal()
    backups.write_journal()
    assert len(lines(file)) == 1
    assert not WaitingRefusal.objects.exists()
    assert not backups.is_behind()


def test_a_yes_is_not_in_the_journal(socr: Organisation, file: Path) -> None:
    said_yes(socr)
    assert backups.write_journal() == 0
    assert not file.exists()


def test_a_stop_for_everyone_is_written_though_nobody_has_the_inbox(file: Path) -> None:
    PlatformStop.objects.create(
        mailbox=b"m" * 16, key_id=hashing.configured().newest, stopped_at=timezone.now()
    )
    backups.write_journal()
    assert [line["organisation"] for line in lines(file)] == [""]


def test_a_worker_that_died_before_the_database_said_so_leaves_nothing_behind(
    socr: Organisation, file: Path
) -> None:
    stop(said_yes(socr))
    before = transaction.savepoint()
    backups.write_journal()
    transaction.savepoint_rollback(before)  # the line is on the disk, and the refusal waits
    assert backups.is_behind()
    with file.open("a") as torn:
        torn.write('{"n": 2, "organ')
    assert backups.write_journal() == 1
    assert [line["n"] for line in lines(file)] == [1]
    assert not backups.is_behind()
    assert JournalMark.objects.get().behind_since is None


def restored(point: ContactPoint) -> None:
    """Let a backup from before a stop be restored."""
    before = transaction.savepoint()
    stop(point)
    backups.write_journal()
    transaction.savepoint_rollback(before)


def test_a_restored_backup_gets_its_refusals_back_and_keeps_the_new_ones(
    socr: Organisation, file: Path
) -> None:
    point, other = said_yes(socr), said_yes(socr, "sam@example.org")
    restored(point)
    stop(other)  # while mail is off
    assert backups.write_journal() == 0
    assert JournalMark.objects.get().behind_since is not None
    assert backups.replay().refusals == 1
    put_back = ConsentEvent.objects.get(source_detail="journal")
    assert (put_back.reach, put_back.action) == (Reach.MAILBOX, Action.UNSUB_ALL_ORG)
    assert public.reasons(point) == Reason.ORG_UNSUBSCRIBED
    assert backups.write_journal() == 2  # the one put back, and the new one
    assert not backups.is_behind()


def test_a_stop_for_everyone_and_a_restriction_come_back(socr: Organisation) -> None:
    point = said_yes(socr)
    before = transaction.savepoint()
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_everything(point=point, detail="preference page")
    Supporter.objects.update(restricted=True)
    with wall.scope("staff", organisation_id=socr.pk):
        restricting.record_death(person=point.supporter, family_contact="")
    backups.write_journal()
    transaction.savepoint_rollback(before)
    done = backups.replay()
    assert (done.refusals, done.flags) == (1, 2)
    assert PlatformStop.objects.count() == 1
    expected = Reason.STOP_EVERYTHING | Reason.RESTRICTED | Reason.DECEASED
    assert public.reasons(point) == expected


def test_a_restriction_that_was_lifted_stays_lifted(socr: Organisation) -> None:
    person = said_yes(socr).supporter
    before = transaction.savepoint()
    for is_restricted in (True, False):
        Supporter.objects.filter(pk=person.pk).update(restricted=is_restricted)
    backups.write_journal()
    transaction.savepoint_rollback(before)
    backups.replay()
    person.refresh_from_db()
    assert not person.restricted


def test_a_journal_from_before_a_rotation_still_finds_the_inbox(
    socr: Organisation, settings: Any, file: Path
) -> None:
    """A rotation hashes the hashes once more (decision 0004), and the journal keeps the old ones."""
    settings.COALESCE_HASH_KEY = settings.COALESCE_HASH_KEY + f",k9:{'ab' * 32}"
    chain = hashing.configured()
    old = addresses.keyed(chain.keys[:-1], f"mailbox:{MAIL}")
    new = addresses.keyed(chain.keys, f"mailbox:{MAIL}")
    at = timezone.now().isoformat()
    Journal(file).add([Line(1, "SOCR", old.hex(), chain.ids[0], "", 5, "", "", at)])
    assert backups.replay().refusals == 1
    assert bytes(ConsentEvent.objects.get().mailbox or b"") == new


def test_a_lost_journal_keeps_mail_off_until_an_admin_accepts_it(
    socr: Organisation, file: Path
) -> None:
    stop(said_yes(socr))
    backups.write_journal()
    file.unlink()
    assert backups.is_behind()
    with pytest.raises(CommandError, match="Put back the folder"):
        call_command("replay_suppressions")
    call_command("replay_suppressions", "--without-journal")
    backups.write_journal()
    assert [line["action"] for line in lines(file)] == [5]  # a new one begins with what is known
    assert not backups.is_behind()
