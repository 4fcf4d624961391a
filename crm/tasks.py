"""The work on people and permission that is done in the background."""

from __future__ import annotations

import logging
import subprocess
import sys
import uuid

from celery import shared_task

from crm import wall
from crm.services import (
    backups,
    erasing,
    exports,
    packs,
    permissions,
    retention,
    seals,
    submissions,
)
from crm.sql import fold

log = logging.getLogger(__name__)


@shared_task
def refold_act(act_id: str) -> None:
    """Bring every organisation's permissions up to date after one act of a person."""
    permissions.refold_act(act_id=uuid.UUID(act_id))


@shared_task
def match_lists() -> None:
    """Find duplicates within and across the lists, in a process of its own, whose memory ends with it."""
    command = [sys.executable, "-m", "django", "match", "--or-nothing"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@shared_task
def seal_ledger() -> None:
    """Seal the events that can no longer be joined by others; every minute."""
    seals.seal()


@shared_task
def make_export(export_id: int) -> None:
    """Make the file of an export that was asked for."""
    exports.make(export_id=export_id)


@shared_task
def sweep_exports() -> None:
    """Delete exports whose day is over, and make those whose wake-up was lost."""
    for export_id in exports.sweep():
        make_export.delay(export_id)


@shared_task
def check_consent() -> None:
    """Compare every permission with the events, at night, and derive them afresh if any differs."""
    with wall.scope("platform"):
        if different := fold.differences():
            log.error("%d consent states differed from their events and were rebuilt", different)
            fold.rebuild()
    seals.check()


@shared_task
def carry_out() -> None:
    """Do what visitors sent in; woken by each form, and every few seconds by the clock."""
    submissions.carry_out()


@shared_task
def forget_submissions() -> None:
    """Forget sign-ups that nobody confirmed, each hour."""
    submissions.forget()


@shared_task
def make_pack(pack_id: int) -> None:
    """Make the files of a pack that was asked for."""
    packs.make(pack_id=pack_id)


@shared_task
def sweep_rights() -> None:
    """Delete packs whose day is over, and do what was asked for and lost its wake-up."""
    for pack_id in packs.sweep():
        make_pack.delay(pack_id)
    erasing.carry_out()
    retention.carry_out()


@shared_task
def carry_out_erasures() -> None:
    """Remove the details of people who asked for it."""
    erasing.carry_out()


@shared_task
def report_retention() -> None:
    """Count at night what has had its time."""
    retention.report()


@shared_task
def carry_out_retention() -> None:
    """End what an admin let go."""
    retention.carry_out()


@shared_task
def write_journal() -> None:
    """Write refusals to the journal outside the database; every minute."""
    backups.write_journal()
