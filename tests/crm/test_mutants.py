"""The property tests of the fold can fail: each of these faults, planted in its SQL, is caught by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from crm import wall
from crm.models import Action, Source
from crm.sql import fold
from tests.crm import plain_fold, tables, worlds
from tests.crm.worlds import Ground

pytestmark = pytest.mark.django_db

MUTANTS = {
    "the refusals of others at the inbox do not count against a list's yes": (
        "inbox.tainted IS NOT TRUE AND ",
        "",
    ),
    "of a yes and a no at one moment the yes wins": (
        "refusal[1] >= yes[1]",
        "refusal[1] > yes[1]",
    ),
    "a hard stop is lifted by a sign-up from before it": (
        "hard IS NOT NULL AND (lifted IS NULL OR lifted <= hard[1])",
        "hard IS NOT NULL AND lifted IS NULL",
    ),
    "a hard stop is lifted by a sign-up that was never confirmed": (
        "h.source = 1 AND h.action = 1 AND c.at IS NOT NULL AS lifts_hard",
        "h.source = 1 AND h.action = 1 AS lifts_hard",
    ),
    "a refusal is not read through joined entries": ("canonical_id AS who", "id AS who"),
    "a list's yes needs no words that name the organisation": (
        "WHEN h.source = 3 AND so.statement_id IS NOT NULL THEN",
        "WHEN h.source = 3 THEN",
    ),
    "joint permission needs one partner named": (
        "ELSE NOT EXISTS (SELECT FROM crm_organisation p WHERE p.is_partner AND NOT EXISTS (",
        "ELSE EXISTS (SELECT FROM crm_organisation p WHERE p.is_partner AND EXISTS (",
    ),
    "a no counts from the beginning of the day that was stated": (
        "coalesce(e.occurred_until, e.occurred_at, e.recorded_at)",
        "coalesce(e.occurred_at, e.recorded_at)",
    ),
    "an undone import goes on speaking": ("WHERE undone_at IS NOT NULL", "WHERE false"),
    "what was corrected goes on speaking": ("c.corrects_id = e.id", "false"),
    "a stop reaches one spelling of an inbox only": (
        "AND inbox.mailbox = t.mailbox",
        "AND inbox.mailbox = t.address_key",
    ),
    "a list may confirm what a person said": (
        "CASE h.source WHEN 3 THEN k.by_list ELSE k.by_person END",
        "k.by_list",
    ),
    "staff may lift a refusal alone": ("ELSE 'unless refused' END", "ELSE 'always' END"),
    "what told everyone to stop does not cover what is imported later": (
        "stop.hard)",
        "NULL)",
    ),
    "a complaint ends with any yes": (
        "WHEN complaint IS NOT NULL AND (lifted IS NULL OR lifted <= complaint[1]) THEN complaint",
        "",
    ),
    "a list ends a pause": ("action = 10 AND source <> 3", "action = 10"),
    "a telephone's refusal stops email": ("(e.channel IS NULL OR e.channel = 1)", "true"),
    "permission never runs out": (f"+ {fold._REVIEW}", "+ interval '90 years'"),
    "a refusal of one type of email is called one of everything": (
        "CASE WHEN h.purpose_id IS NOT NULL THEN 1 ",
        "CASE ",
    ),
}
SEEDS = range(14)
# Crowds in which what is rare elsewhere is common: stops of everything and coming back, pauses and their ends.
COMING_BACK: dict[str, Any] = {
    "source": [Source.PERSONAL],
    "action": [*[Action.GRANT] * 3, *[Action.CONFIRM] * 3, Action.STOP_EVERYTHING, Action.ERASED],
    "addresses": worlds.ADDRESSES[:1],
    "channel": [1],
    "about": [0],
}
PAUSES: dict[str, Any] = {**COMING_BACK, "action": [Action.GRANT, Action.PAUSE, Action.RESUME]}
PAUSES["source"] = [Source.PERSONAL, Source.IMPORT]


@pytest.fixture
def base(db: None) -> Iterator[Ground]:
    made = worlds.ground()
    with wall.scope("platform"):
        yield made


def caught(base: Ground) -> bool:
    """Tell whether the comparison of tests/crm/test_fold.py fails for any of some crowds."""
    for seed in SEEDS:
        crowd = worlds.crowd(base, seed, size=60)
        crowd += worlds.crowd(base, seed, size=20, first=60, **COMING_BACK)
        crowd += worlds.crowd(base, seed, size=20, first=80, **PAUSES)
        with tables.written(crowd):
            found = tables.states()
        expected = {
            key: state for world in crowd for key, state in plain_fold.fold_all(world).items()
        }
        if found != expected:
            return True
    return False


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_fault_in_the_fold_is_caught(
    base: Ground, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    right, wrong = MUTANTS[fault]
    assert right in fold._WHOLE, "the statement has changed: plant the fault anew"
    monkeypatch.setattr(fold, "_WHOLE", fold._WHOLE.replace(right, wrong))
    assert caught(base)


def test_a_missing_trigger_of_partner_stops_is_caught(base: Ground) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("ALTER TABLE crm_consentevent DISABLE TRIGGER stop_joint_mail")
        cursor.execute("SET ROLE coalesce_platform")
    assert caught(base)


def test_the_fold_itself_is_not_caught(base: Ground) -> None:
    assert not caught(base)
