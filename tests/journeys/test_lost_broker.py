"""Losing the broker loses nothing (house rule 6): a wiped Valkey in the middle of a campaign of 5,000."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from demo import cast
from demo.caught import read_caught
from demo.people import expected_own, plant
from demo.visitor import Visitor
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("journeys")
SUBJECT = "To everyone"


def test_a_wiped_broker_in_mid_campaign_costs_no_message_and_no_second_copy(
    installation: Installation, lists: Path
) -> None:
    truth = plant(9_000, 11, lists / "many")
    expected = expected_own(truth, "SOCR")
    assert len(expected) >= 5_000
    database = psycopg.connect(installation.environment["DATABASE_URL_OWNER"], autocommit=True)
    _import(installation, lists / "many" / "socr-mailchimp.zip")
    before = len(read_caught(installation.folder / "mail"))
    campaign = _write_and_approve(installation)

    unsent, leased = _wait_for_the_middle(database, campaign)
    print(f"{unsent:.0%} unsent and {leased} chunks leased when Valkey was wiped")
    assert unsent >= 0.3
    assert leased >= 1
    port = installation.valkey.port
    installation.valkey.terminate()  # kept nothing: it saves neither snapshots nor a log
    time.sleep(1)
    installation.valkey._desired_port = port
    installation.valkey.start()

    _wait_until_done(database, campaign)
    caught = [
        mail
        for mail in read_caught(installation.folder / "mail")[before:]
        if mail.subject == SUBJECT
    ]
    inboxes = [mail.rcpt_to[0].lower() for mail in caught]
    assert len(inboxes) == len(set(inboxes))
    stopped = _one(
        database,
        "SELECT count(*) FROM mailings_delivery WHERE campaign_id = %s AND status NOT IN (1, 2)",
        campaign,
    )
    assert stopped == 0
    assert expected <= set(inboxes)


def _import(installation: Installation, file: Path) -> None:
    visitor = Visitor(installation.base_url)
    visitor.sign_in(cast.LOGINS[0].email, cast.PASSWORD)
    visitor.open("/settings/wordings/new/")
    visitor.submit("Save", {"Short name": "form-many", "Words": cast.SOCR.wording})
    installation.manage(
        *("import_list", str(file), "--organisation", "SOCR", "--statement", "form-many", "--apply")
    )


def _write_and_approve(installation: Installation) -> int:
    author, approver = Visitor(installation.base_url), Visitor(installation.base_url)
    author.sign_in(cast.LOGINS[1].email, cast.PASSWORD)
    author.open("/campaigns/new/")
    author.submit(
        "Go on to the text",
        {"Name of the campaign": SUBJECT, "It is suitable for people under 18": True},
    )
    author.submit("Save", {"Subject": SUBJECT, "Text": "Hello."})
    approver.sign_in(cast.LOGINS[0].email, cast.PASSWORD)
    approver.open(author.url)
    approver.submit("Approve")
    with psycopg.connect(installation.environment["DATABASE_URL_OWNER"]) as connection:
        return int(_one(connection, "SELECT id FROM mailings_campaign WHERE name = %s", SUBJECT))


def _wait_for_the_middle(database: Any, campaign: int) -> tuple[float, int]:
    """Wait until a chunk is leased and something is sent; give the share unsent and the chunks leased."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        done, everything = database.execute(
            "SELECT count(*) FILTER (WHERE status <> 0), count(*) FROM mailings_delivery WHERE campaign_id = %s",
            [campaign],
        ).fetchone()
        leased = _one(
            database,
            "SELECT count(*) FROM mailings_chunk WHERE campaign_id = %s AND state = 1",
            campaign,
        )
        if everything and done and leased:
            return 1 - done / everything, leased
        time.sleep(0.05)
    raise AssertionError("the campaign did not begin within two minutes")


def _wait_until_done(database: Any, campaign: int) -> None:
    end = time.monotonic() + 240
    while _one(database, "SELECT state FROM mailings_campaign WHERE id = %s", campaign) != "done":
        assert time.monotonic() < end, "the campaign was not done within four minutes"
        time.sleep(0.5)


def _one(database: Any, sql: str, *values: object) -> Any:
    return database.execute(sql, values).fetchone()[0]
