"""The report of a campaign: what became of each email, in a table and in a chart that says the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

import pytest
from django.http import FileResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import exportable, wall
from crm.models import AuditEntry, Export, Organisation, User
from crm.services import exports
from crm.sql import fold
from mailings import outcomes
from mailings.models import Campaign, Delivery
from mailings.services import events
from tests import factories
from tests.mailings import providers
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db


@pytest.fixture
def reported(socr: Organisation, relay: Relay, settings: Any) -> Campaign:
    """A campaign to eight: each kind of outcome."""
    settings.COALESCE_MAILGUN_SIGNING_KEYS = [providers.KEY]
    points = [supporter_who_said_yes(socr, f"p{number}@example.org") for number in range(8)]
    fold.rebuild()
    relay.answers = {"p7@example.org": "550 5.7.1 no"}
    made = send_all(campaign(socr))
    ids = {point.address: Delivery.objects.get(contact_point=point).public_id for point in points}
    for number, event in enumerate(["delivered"] * 3 + ["complained", "unsubscribed"]):
        address = f"p{number}@example.org"
        providers.mailgun(event, ids[address], address)
    providers.mailgun_failed(ids["p5@example.org"], "p5@example.org")
    events.settle()
    return made


def page_of(made: Campaign, where: Organisation) -> str:
    client = Client()
    client.force_login(factories.user(where))
    return client.get(reverse("campaign", args=[made.public_id])).content.decode()


def test_the_report_says_what_became_of_each_email(reported: Campaign, socr: Organisation) -> None:
    with wall.scope("staff", organisation_id=socr.pk):
        found = outcomes.of(reported)
    assert found is not None
    assert {row.label: row.number for row in found.rows} == {
        "Delivered": 3,
        "Marked as spam": 1,
        "Unsubscribed in their mail program": 1,
        "Came back": 1,
        "Handed over, and nothing reported yet": 1,
        "Refused by the mail server": 1,
    }
    assert (found.emails, found.handed_over) == (8, 7)


def test_the_chart_says_in_words_what_its_table_says(
    reported: Campaign, socr: Organisation
) -> None:
    page = page_of(reported, socr)
    described = re.search(r'<desc id="outcomes-words">(.*?)</desc>', page)
    assert described is not None
    rows = re.findall(
        r"</svg> <a[^>]*>([^<]+)</a></th>\s*<td[^>]*>(\d+)</td>\s*<td[^>]*>([^<]+)</td>", page
    )
    assert len(rows) == 6
    assert described[1] == ". ".join(f"{label}: {n}, {share}" for label, n, share in rows) + "."


def test_the_bars_of_the_chart_fill_it_without_gaps(reported: Campaign, socr: Organisation) -> None:
    with wall.scope("staff", organisation_id=socr.pk):
        found = outcomes.of(reported)
    assert found is not None
    assert [round(row.start) for row in found.rows] == [0, 375, 500, 625, 750, 875]
    assert sum(row.width for row in found.rows) == pytest.approx(1000)


def test_a_persons_page_says_what_became_of_their_email(
    reported: Campaign, socr: Organisation
) -> None:
    bounced = Delivery.objects.get(outcome=Delivery.Outcome.BOUNCED)
    client = Client()
    client.force_login(factories.user(socr))
    page = client.get(reverse("person-mail", args=[bounced.supporter.public_id]))
    assert f"{reported.name}</a>: Came back" in page.content.decode()


def test_of_mail_sent_together_a_partner_sees_no_outcome_at_all(
    socr: Organisation, neu: Organisation, relay: Relay, settings: Any
) -> None:
    settings.COALESCE_MAILGUN_SIGNING_KEYS = [providers.KEY]
    for number in range(12):
        for where in (socr, neu):
            supporter_who_said_yes(where, f"p{number}@example.org")
    fold.rebuild()
    made = send_all(campaign(socr, neu))
    pages = {where.code: _report(page_of(made, where)) for where in (socr, neu)}
    for delivery in Delivery.objects.select_related("contact_point"):
        providers.mailgun_failed(delivery.public_id, delivery.contact_point.address)
    events.settle()
    for where in (socr, neu):
        assert _report(page_of(made, where)) == pages[where.code]
        with wall.scope("staff", organisation_id=where.pk):
            assert outcomes.of(made) is None


def _report(page: str) -> str:
    return page.split('id="progress"', 1)[1].split("</section>", 1)[0]


def test_joint_organisers_get_rounded_totals_of_what_was_reported_once_after_a_week(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    for number in range(14):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    made = send_all(campaign(socr, neu))
    Delivery.objects.update(outcome=Delivery.Outcome.DELIVERED)
    assert "Delivered</dt>" not in page_of(made, coalition)
    Campaign.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert "Delivered</dt><dd>about 10" in page_of(made, coalition)
    Delivery.objects.update(outcome=Delivery.Outcome.COMPLAINED)
    page = page_of(made, coalition)
    assert "Delivered</dt><dd>about 10" in page
    assert "Marked as spam</dt><dd>fewer than 10" in page


def listed(made: Campaign, where: Organisation, code: str) -> tuple[int, str]:
    client = Client()
    client.force_login(factories.user(where))
    answer = client.get(reverse("campaign-outcome", args=[made.public_id, code]))
    return answer.status_code, answer.content.decode()


def test_each_outcome_leads_to_those_whose_email_came_to_it(
    reported: Campaign, socr: Organisation
) -> None:
    page = page_of(reported, socr)
    codes = re.findall(r"/outcome/([a-z]+-\d)/", page)
    assert len(codes) == 6
    found = {}
    for code in codes:
        _, body = listed(reported, socr, code)
        found[code] = len(re.findall(r'<th scope="row"><a href="/people/', body))
    assert found["reported-2"] == 3
    assert sum(found.values()) == 8
    noted = AuditEntry.objects.filter(reason="emails by outcome")
    assert noted.count() == 6


def test_of_a_coordinated_campaign_nobody_learns_whose_email_came_to_what(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    made = campaign(socr, neu)
    assert made.mode == Campaign.Mode.COORDINATED
    for where in (coalition, socr, neu):
        assert listed(made, where, "reported-2")[0] == 404


def test_an_outcome_that_does_not_exist_is_not_found(
    reported: Campaign, socr: Organisation, neu: Organisation
) -> None:
    assert listed(reported, socr, "reported-9")[0] == 404
    assert listed(reported, neu, "reported-2")[0] == 404


def asked_for(made: Campaign, code: str, by: User) -> str:
    """Ask for the export of an outcome, have it made and fetch it; give the file."""
    client = Client()
    client.force_login(by)
    answer = client.post(
        reverse("export-outcome", args=[made.public_id, code]),
        {"format": "csv", "reason": "To ask them for a better address by phone."},
    )
    assert answer.status_code == 302
    export = Export.objects.get()
    exports.make(export_id=export.pk)
    fetched = cast(FileResponse, client.get(reverse("download-export", args=[export.public_id])))
    return b"".join(cast(Iterable[bytes], fetched.streaming_content)).decode("utf-8-sig")


def test_those_whose_email_came_back_can_be_exported(
    reported: Campaign, socr: Organisation
) -> None:
    code = f"reported-{Delivery.Outcome.BOUNCED.value}"
    rows = asked_for(reported, code, factories.user(socr)).strip().splitlines()
    assert len(rows) == 2
    assert "p5@example.org" in rows[1]


def test_an_export_of_an_outcome_is_named_after_it_and_the_campaign(
    reported: Campaign, socr: Organisation
) -> None:
    asked_for(reported, "status-4", factories.user(socr))
    assert Export.objects.get().what.endswith(f": {reported.name}")


def test_no_outcome_of_a_coordinated_campaign_is_exported(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "p1@example.org")
    fold.rebuild()
    made = send_all(campaign(socr, neu))
    client = Client()
    client.force_login(factories.user(socr))
    code = f"status-{Delivery.Status.SENT.value}"
    assert client.get(reverse("export-outcome", args=[made.public_id, code])).status_code == 404
    with wall.scope("staff", organisation_id=socr.pk):
        assert not exportable.people(socr, f"outcome {made.public_id} {code}").exists()
