"""Many messages in one call to a mail service: as by a relay, none twice, none lost, nothing unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm import wall
from crm.models import ContactPoint, Organisation, Source
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from mailings import dispatch
from mailings.dispatch import batches, routes, services
from mailings.models import Campaign, Chunk, Delivery
from mailings.services import courses, events, sending
from mailings.sql import batches as sql
from tests.mailings import imitations, providers
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
Status = Delivery.Status
KINDS = {
    "mailgun": f"mailgun://{imitations.KEY}@mg.example.org?api={{}}/v3",
    "postmark": f"postmark://{imitations.TOKEN}@broadcasts?template=coalesce&api={{}}",
    "ses": f"ses://{imitations.ACCESS}:{quote(imitations.SECRET, safe='')}@eu-west-2?api={{}}",
}


@pytest.fixture
def service() -> Iterator[imitations.Imitation]:
    with imitations.serving() as found:
        yield found


@pytest.fixture(params=list(KINDS))
def route(request: Any, service: imitations.Imitation, settings: Any) -> str:
    settings.COALESCE_ROUTE = KINDS[request.param].format(service.url)
    return str(request.param)


@pytest.fixture
def by_mailgun(service: imitations.Imitation, settings: Any) -> None:
    settings.COALESCE_ROUTE = KINDS["mailgun"].format(service.url)


def queued(where: Organisation, many: int = 5, **extra: Any) -> Campaign:
    for number in range(many):
        supporter_who_said_yes(where, f"p{number}@example.org")
    fold.rebuild()
    made = campaign(where, **extra)
    sending.freeze(campaign_id=made.pk)
    return made


def statuses() -> list[int]:
    return sorted(Delivery.objects.values_list("status", flat=True))


def reopen() -> None:
    Chunk.objects.filter(state=Chunk.State.OPEN).update(leased_until=None)


# What arrives


def test_everybody_gets_one_message_and_the_campaign_is_done(
    socr: Organisation, service: imitations.Imitation, route: str
) -> None:
    assert send_all(queued(socr)).state == Campaign.State.DONE
    assert service.inboxes == [f"p{number}@example.org" for number in range(5)]
    assert service.calls == 1


def test_the_message_is_the_one_that_the_relay_would_have_been_given(
    socr: Organisation, service: imitations.Imitation, route: str, relay: Relay, settings: Any
) -> None:
    supporter_who_said_yes(socr, "a@example.org", 'Ann <b>"%recipient.page%"</b>')
    supporter_who_said_yes(socr, "b@example.org", "")
    fold.rebuild()
    send_all(campaign(socr))
    settings.COALESCE_ROUTE = ""
    send_all(campaign(socr))
    for mine in service.messages:
        theirs = next(m for m in relay.messages if m["To"] == mine.to)
        parts = [theirs.get_body((kind,)) for kind in ("plain", "html")]
        for given, part in zip((mine.text, mine.html), parts, strict=True):
            assert part is not None
            assert _alike(given) == _alike(part.get_content())
        assert mine.subject.replace("% recipient", "%recipient") == theirs["Subject"]
        for name in ("List-Id", "List-Unsubscribe-Post", "Precedence"):
            told = {key.title(): value for key, value in mine.headers.items()}
            assert told[name] == theirs[name]


def _alike(text: str) -> list[str]:
    """The words, without what differs from campaign to campaign."""
    text = text.replace("% recipient", "%recipient").replace("&quot;", '"').replace("&#x27;", "'")
    return [word for word in text.split() if "/p/" not in word]


def test_each_message_has_its_own_one_click_link_and_our_id(
    socr: Organisation, service: imitations.Imitation, route: str
) -> None:
    send_all(queued(socr))
    links = {message.headers["List-Unsubscribe"] for message in service.messages}
    assert len(links) == 5
    ids = {str(found) for found in Delivery.objects.values_list("public_id", flat=True)}
    assert {message.metadata["d"] for message in service.messages} == ids


def test_whoever_says_stop_after_the_freezing_gets_nothing(
    socr: Organisation, service: imitations.Imitation, route: str
) -> None:
    made = queued(socr)
    point = ContactPoint.objects.get(folded="p2@example.org")
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_organisation(
            supporter=point.supporter, source=Source.PERSONAL, detail="test"
        )
    send_all(made)
    assert "p2@example.org" not in service.inboxes
    left_out = Delivery.objects.get(status=Status.SKIPPED)
    assert Reason(left_out.reasons) == Reason.ORG_UNSUBSCRIBED


def test_the_other_version_takes_the_place_of_one_refused_at_the_last_moment(
    socr: Organisation, neu: Organisation, service: imitations.Imitation, route: str
) -> None:
    for where in (socr, neu):
        supporter_who_said_yes(where, "both@example.org")
    fold.rebuild()
    made = campaign(socr, neu)
    sending.freeze(campaign_id=made.pk)
    chosen = Delivery.objects.get(campaign=made)
    with wall.scope("keeper", organisation_id=chosen.organisation_id):
        permissions.stop_address(point=chosen.contact_point, detail="test")
    send_all(made)
    (message,) = service.messages
    assert chosen.organisation.code not in message.subject


# What is refused


def test_one_bad_address_holds_up_no_other(
    socr: Organisation, service: imitations.Imitation, route: str
) -> None:
    service.invalid = {"p3@example.org"}
    assert send_all(queued(socr, 8)).state == Campaign.State.DONE
    assert len(service.inboxes) == 7
    assert Delivery.objects.get(status=Status.FAILED).contact_point.address == "p3@example.org"


def test_an_address_that_a_service_may_read_in_another_way_is_not_given_to_it(
    socr: Organisation, service: imitations.Imitation, route: str
) -> None:
    supporter_who_said_yes(socr, '"a b"@example.org')
    assert send_all(queued(socr)).state == Campaign.State.DONE
    assert len(service.inboxes) == 5
    assert statuses().count(Status.FAILED) == 1


def test_an_address_that_postmark_has_as_inactive_closes_the_gate(
    socr: Organisation, service: imitations.Imitation, settings: Any
) -> None:
    settings.COALESCE_ROUTE = KINDS["postmark"].format(service.url)
    service.inactive = {"p3@example.org"}
    send_all(queued(socr))
    events.settle()
    problem = ContactPoint.objects.get(folded="p3@example.org").problem
    assert problem == ContactPoint.Problem.BOUNCES


@pytest.mark.parametrize("status", [401, 403, 429])
def test_what_the_service_does_not_take_now_waits_and_nothing_is_lost(
    socr: Organisation, service: imitations.Imitation, route: str, status: int
) -> None:
    made = queued(socr)
    service.says = status
    dispatch.send_chunk(made.pk)
    assert statuses() == [Status.PENDING] * 5
    service.says = 0
    reopen()
    assert send_all(made).state == Campaign.State.DONE
    assert len(service.inboxes) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_cannot_be_reached_loses_nothing(
    socr: Organisation, settings: Any, kind: str
) -> None:
    settings.COALESCE_ROUTE = KINDS[kind].format("http://127.0.0.1:1")
    dispatch.send_chunk(queued(socr).pk)
    assert statuses() == [Status.PENDING] * 5


def test_of_two_versions_neither_is_left_behind_when_the_service_takes_nothing(
    socr: Organisation, neu: Organisation, service: imitations.Imitation, route: str
) -> None:
    for where in (socr, neu):
        supporter_who_said_yes(where, f"{where.code.lower()}@example.org")
    fold.rebuild()
    made = campaign(socr, neu)
    sending.freeze(campaign_id=made.pk)
    service.says = 429
    dispatch.send_chunk(made.pk)
    assert statuses() == [Status.PENDING] * 2
    service.says = 0
    reopen()
    assert send_all(made).state == Campaign.State.DONE
    assert len(service.inboxes) == 2


@pytest.fixture
def by_ses(service: imitations.Imitation, settings: Any) -> None:
    settings.COALESCE_ROUTE = KINDS["ses"].format(service.url)


@pytest.mark.parametrize("status", ["ACCOUNT_THROTTLED", "ACCOUNT_DAILY_QUOTA_EXCEEDED"])
@pytest.mark.parametrize("of", [["p3@example.org"], [f"p{n}@example.org" for n in range(5)]])
def test_what_ses_throttles_waits_while_the_rest_of_the_call_is_sent(
    socr: Organisation, service: imitations.Imitation, by_ses: None, of: list[str], status: str
) -> None:
    made = queued(socr)
    service.statuses = dict.fromkeys(of, status)
    dispatch.send_chunk(made.pk)
    sent = 5 - len(of)
    assert statuses() == [Status.PENDING] * len(of) + [Status.SENT] * sent
    service.statuses = {}
    reopen()
    assert send_all(made).state == Campaign.State.DONE
    assert service.inboxes == [f"p{number}@example.org" for number in range(5)]


@pytest.mark.parametrize("error", ["SendingPausedException", "MailFromDomainNotVerifiedException"])
def test_an_account_of_ses_that_may_not_send_keeps_everybody_waiting(
    socr: Organisation, service: imitations.Imitation, by_ses: None, error: str
) -> None:
    made = queued(socr)
    service.error = error
    dispatch.send_chunk(made.pk)
    assert statuses() == [Status.PENDING] * 5


def test_ses_is_given_fifty_in_a_call(
    socr: Organisation, service: imitations.Imitation, by_ses: None
) -> None:
    assert send_all(queued(socr, 51)).state == Campaign.State.DONE
    assert (service.calls, len(service.inboxes)) == (2, 51)


def test_a_template_that_is_missing_at_postmark_fails_each_message_in_words(
    socr: Organisation, service: imitations.Imitation, settings: Any
) -> None:
    url = KINDS["postmark"].format(service.url).replace("template=coalesce", "template=other")
    settings.COALESCE_ROUTE = url
    send_all(queued(socr, 2))
    assert statuses() == [Status.FAILED] * 2
    assert "1101" in Delivery.objects.all()[0].detail


# What nobody can know


@pytest.mark.parametrize(
    "breaks",
    [
        lambda service: setattr(service, "loses", 1),
        lambda service: setattr(service, "says", 502),
        lambda service: setattr(service, "says", 504),
    ],
)
def test_a_lost_answer_leaves_the_batch_in_doubt_and_it_is_not_sent_again(
    socr: Organisation,
    service: imitations.Imitation,
    route: str,
    breaks: Callable[[imitations.Imitation], None],
) -> None:
    made = queued(socr)
    breaks(service)
    assert send_all(made).state == Campaign.State.SENDING
    assert statuses() == [Status.IN_DOUBT] * 5
    assert service.calls == 1


def test_a_batch_in_doubt_is_settled_by_what_the_service_reports(
    socr: Organisation, service: imitations.Imitation, by_mailgun: None, settings: Any
) -> None:
    settings.COALESCE_MAILGUN_SIGNING_KEYS = [providers.KEY]
    made = queued(socr)
    service.loses = 1
    send_all(made)
    for message in service.messages:
        data = {"user-variables": message.metadata, "message": {}}
        assert providers.mailgun("delivered", made.public_id, message.to, **data) == 200
    events.settle()
    sending.sweep()
    assert statuses() == [Status.SENT] * 5
    assert Campaign.objects.get().state == Campaign.State.DONE


def test_a_campaign_says_what_happens_to_a_batch_in_doubt(
    socr: Organisation, service: imitations.Imitation, by_mailgun: None
) -> None:
    made = queued(socr, on_doubt=Campaign.OnDoubt.DROP)
    service.loses = 1
    assert send_all(made).state == Campaign.State.DONE
    assert statuses() == [Status.DROPPED] * 5


def test_a_worker_that_dies_before_the_answer_leaves_its_batch_in_doubt(
    socr: Organisation,
    service: imitations.Imitation,
    by_mailgun: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class DiedError(BaseException):
        pass

    def dies(*_: Any) -> None:
        raise DiedError

    made = queued(socr)
    with monkeypatch.context() as patch:
        patch.setattr(services.Service, "hand_over", dies)
        with pytest.raises(DiedError):
            dispatch.send_chunk(made.pk)
    Chunk.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sending.sweep()
    assert send_all(made).state == Campaign.State.SENDING
    assert statuses() == [Status.IN_DOUBT] * 5
    assert service.messages == []


def test_a_pause_is_in_effect_before_the_next_batch(
    socr: Organisation,
    service: imitations.Imitation,
    by_mailgun: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(services.MOST, "mailgun", 2)
    made = queued(socr)
    original = sql.taken

    def pause(delivery_ids: list[int]) -> None:
        original(delivery_ids)
        courses.pause(campaign=made)

    monkeypatch.setattr(batches.batches, "taken", pause)
    dispatch.send_chunk(made.pk)
    assert statuses() == [Status.PENDING] * 3 + [Status.SENT] * 2
    assert Chunk.objects.get().state == Chunk.State.OPEN


# By whose route


@pytest.fixture
def of_its_own(service: imitations.Imitation, settings: Any) -> None:
    """SOCR has an account of its own at Mailgun; everybody else uses the platform's relay."""
    settings.COALESCE_ROUTES = {"SOCR": KINDS["mailgun"].format(service.url)}


def test_an_organisations_own_mail_leaves_by_its_own_account(
    socr: Organisation, service: imitations.Imitation, relay: Relay, of_its_own: None
) -> None:
    send_all(queued(socr))
    assert (len(service.messages), len(relay.messages)) == (5, 0)


def test_what_is_sent_together_leaves_by_the_platform(
    socr: Organisation,
    neu: Organisation,
    service: imitations.Imitation,
    relay: Relay,
    of_its_own: None,
) -> None:
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    send_all(campaign(socr, neu))
    assert (len(service.messages), len(relay.messages)) == (0, 1)


def test_the_database_refuses_another_route_for_what_is_sent_together(
    socr: Organisation, neu: Organisation
) -> None:
    made = campaign(socr, neu)
    with pytest.raises(IntegrityError, match="together_by_the_platform"), transaction.atomic():
        Campaign.objects.filter(pk=made.pk).update(route=Campaign.Route.OWN)


def test_an_account_that_was_taken_away_meanwhile_holds_the_campaign_back(
    socr: Organisation, relay: Relay, of_its_own: None, settings: Any
) -> None:
    made = queued(socr)
    settings.COALESCE_ROUTES = {}
    dispatch.send_chunk(made.pk)
    assert statuses() == [Status.PENDING] * 5
    assert relay.messages == []


def test_a_route_of_an_unknown_kind_is_refused_without_its_secret() -> None:
    with pytest.raises(ValueError, match="not sendgrid") as refused:
        routes.parse("sendgrid://secret@x")
    assert "secret" not in str(refused.value)
