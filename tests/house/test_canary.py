"""A canary put through every journey is found in no log, task, address or cookie (house rule 11).

Its name and address are in rows, pages and mail, where they belong. What fails is made to fail with the canary in
its message, as a database, a relay or a parser would.
"""

from __future__ import annotations

import logging
import re
import smtplib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.logs import QuietFormatter
from config.settings import base
from crm import tasks as crm_tasks
from crm import tokens, wall
from crm.models import (
    Action,
    Case,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Pack,
    ServiceMail,
    Supporter,
)
from crm.services import erasing, people, permissions
from crm.sql import fold
from imports import reading
from imports import tasks as import_tasks
from imports.models import Import
from mailings import dispatch
from mailings import tasks as mailings_tasks
from mailings.models import Campaign, Delivery
from mailings.services import sending
from tests import factories
from tests.crm import public
from tests.crm.test_vouching import tell_staff_after_a_stop
from tests.imports.conftest import HEAD, as_csv, say
from tests.mailings import providers
from tests.mailings.conftest import Relay, campaign, send_all

pytestmark = pytest.mark.django_db

WORD = "kestrel"
ADDRESS = "anna.kestrel@example.org"
NAMES = {"first_name": "Anna", "last_name": "Kestrel"}
Capture = Callable[..., Any]


@dataclass
class Seen:
    """Everything that leaves the rows, pages and mail: lines of logs, tasks, addresses, headers."""

    lines: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def with_canary(self) -> list[str]:
        return [
            text for text in (*self.lines, *self.tasks, *self.addresses) if WORD in text.casefold()
        ]


class _Keeper(logging.Handler):
    """Keeps each record as an installation's log would show it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        line = base.LOGGING["formatters"]["line"]
        assert line["()"] == f"{QuietFormatter.__module__}.{QuietFormatter.__name__}"
        self.setFormatter(QuietFormatter(line["format"]))
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "mail.log":  # the tests' own relay
            self.lines.append(self.format(record))


class Browser(Client):
    """A client that notes where it goes, where it is sent, and what it is given to keep."""

    seen: Seen

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        self.seen.addresses += [
            f"{request.get('PATH_INFO')}?{request.get('QUERY_STRING')}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
            *(f"{name}={cookie.value}" for name, cookie in response.cookies.items()),
        ]
        if "html" in response.headers.get("Content-Type", ""):
            self.seen.addresses += re.findall(
                r"""(?:href|src|action)=["']([^"']*)""", response.content.decode()
            )
        return response


@pytest.fixture
def seen() -> Iterator[Seen]:
    found = Seen()

    def note(sender: Any, body: Any, headers: Any, **_: Any) -> None:
        found.tasks.append(f"{sender} {body} {headers.get('argsrepr')}")

    root, keeper = logging.getLogger(), _Keeper(found.lines)
    level = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    before_task_publish.connect(note)
    yield found
    before_task_publish.disconnect(note)
    root.setLevel(level)
    root.removeHandler(keeper)


@pytest.fixture
def admin(socr: Organisation, seen: Seen) -> Browser:
    browser = Browser(raise_request_exception=False)
    browser.seen = seen
    browser.force_login(factories.admin(socr))
    return browser


@pytest.fixture
def stranger(seen: Seen) -> Browser:
    browser = Browser(raise_request_exception=False)
    browser.seen = seen
    return browser


@pytest.fixture
def point(socr: Organisation) -> ContactPoint:
    made = factories.address(factories.supporter(socr, "Anna", "Kestrel"), ADDRESS)
    factories.granted(made)
    fold.rebuild()
    return made


def refuse_in_the_database(**_: Any) -> None:
    """Fail as a row that breaks a constraint does: PostgreSQL's message quotes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_user (email, name, password, is_active, created_at) "
            "VALUES (%(address)s, '', '!', true, now()), (%(address)s, '', '!', true, now())",
            {"address": ADDRESS},
        )


def refuse_to_parse(*_: Any, **__: Any) -> Any:
    raise ValueError(f"could not read {ADDRESS!r}")


# The journeys


def test_bringing_a_file_with_a_bad_cell(
    admin: Browser, seen: Seen, django_capture_on_commit_callbacks: Capture
) -> None:
    rows = [
        HEAD,
        [ADDRESS, "Anna", "Kestrel", "yes", "2026-05-03"],
        ["anna kestrel@@example.org", "Anna", "Kestrel", "kestrel?", "kestrelday"],
    ]
    with django_capture_on_commit_callbacks(execute=True):
        content = SimpleUploadedFile("list.csv", as_csv(rows))
        there = admin.post(reverse("add-import"), {"file": content, "statement": "unknown"})
    file = Import.objects.get()
    import_tasks.read.apply([file.pk])
    with django_capture_on_commit_callbacks(execute=True):
        say(admin, file)
    import_tasks.read.apply([file.pk])
    shown = admin.get(there["Location"])
    assert WORD in shown.content.decode().casefold()
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("apply-import", args=[file.public_id]))
    import_tasks.apply.apply([file.pk])
    admin.get(there["Location"])
    admin.get(reverse("rows-to-mend", args=[file.public_id]))
    assert Supporter.objects.filter(last_name="Kestrel").exists()
    assert [task for task in seen.tasks if "imports.tasks" in task]
    assert seen.with_canary() == []


def test_a_file_that_breaks_the_reader(
    admin: Browser, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "sheets", refuse_to_parse)
    content = SimpleUploadedFile("list.csv", as_csv([HEAD, [ADDRESS, "", "", "", ""]]))
    there = admin.post(reverse("add-import"), {"file": content, "statement": "unknown"})
    import_tasks.read.apply([Import.objects.get().pk])
    admin.get(there["Location"])
    assert Import.objects.get().state == Import.State.REFUSED
    assert [line for line in seen.lines if "could not be read" in line]
    assert seen.with_canary() == []


def test_adding_finding_and_changing_a_person(admin: Browser, seen: Seen) -> None:
    there = admin.post(reverse("add-person"), {**NAMES, "email": ADDRESS})["Location"]
    assert "Kestrel" in admin.get(there).content.decode()
    person = Supporter.objects.get()
    for text in ("kestrel", ADDRESS, "anna kestrel"):
        found = admin.post(reverse("people"), {"q": text}, follow=True)
        assert "Anna Kestrel" in found.content.decode()
    admin.post(reverse("add-tag", args=[person.public_id]), {"tag": "met Anna Kestrel"})
    mend = reverse("mend-address", args=[ContactPoint.objects.get().public_id])
    for email in ("kestrel@@", "kestrel.anna@example.org"):
        admin.post(mend, {"email": email})
    admin.get(there)
    admin.post(reverse("record-stop", args=[person.public_id]))
    assert (
        "messages" not in admin.cookies
    )  # "Anna Kestrel gets no more emails" waits in the session
    assert "Anna Kestrel gets no more" in admin.get(there).content.decode()
    assert seen.with_canary() == []


def test_a_campaign_whose_relay_names_the_address_it_refuses(
    socr: Organisation, point: ContactPoint, relay: Relay, admin: Browser, seen: Seen
) -> None:
    relay.answers = {ADDRESS: f"550 5.1.1 <{ADDRESS}>: no such person"}
    made = send_all(campaign(socr))
    assert ADDRESS in Delivery.objects.get().detail
    admin.get(reverse("campaign", args=[made.public_id]))
    admin.get(reverse("person-mail", args=[point.supporter.public_id]))
    assert seen.with_canary() == []


def test_a_campaign_whose_relay_goes_away_with_the_address_on_its_lips(
    socr: Organisation,
    point: ContactPoint,
    relay: Relay,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, speak = (421, f"4.7.0 {ADDRESS} later".encode()), smtplib.SMTP.docmd

    def busy(self: smtplib.SMTP, command: str, args: str = "") -> tuple[int, bytes]:
        return answer if command.startswith("MAIL") else speak(self, command, args)

    monkeypatch.setattr(smtplib.SMTP, "docmd", busy)
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    dispatch.send_chunk(made.pk)
    assert Campaign.objects.get().state == Campaign.State.SENDING
    assert [line for line in seen.lines if "the relay is not available" in line]
    assert seen.with_canary() == []


def test_a_service_that_reports_by_webhook_and_names_the_address(
    socr: Organisation, point: ContactPoint, relay: Relay, seen: Seen, settings: Any
) -> None:
    settings.COALESCE_MAILGUN_SIGNING_KEYS = [providers.KEY]
    made = send_all(campaign(socr))
    message = Delivery.objects.get(campaign=made).public_id
    assert providers.mailgun_failed(message, ADDRESS) == 200
    assert providers.mailgun("complained", message, ADDRESS, timestamp=ADDRESS) == 400
    assert providers.mailgun("complained", message, ADDRESS) == 200
    mailings_tasks.settle_events.apply()
    assert [line for line in seen.lines if "could not be read" in line]
    assert seen.with_canary() == []


def test_the_addresses_in_an_email(
    socr: Organisation, point: ContactPoint, relay: Relay, seen: Seen
) -> None:
    send_all(campaign(socr))
    (message,) = relay.messages
    assert ADDRESS in message["To"]
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    told = "\n".join([*parts, *map(str, message.values())])
    seen.addresses += re.findall(r"https?://[^\s<>\"]+", told)
    assert [url for url in seen.addresses if "/p/" in url]
    assert seen.with_canary() == []


def test_the_preference_link_and_one_click(
    point: ContactPoint,
    stranger: Browser,
    seen: Seen,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    token = tokens.preference_token(point.public_id, point.organisation_id, None)
    for name in ("preferences", "one-click"):
        stranger.get(reverse(name, args=[token]))
    with django_capture_on_commit_callbacks(execute=True):
        for stop in ("organisation", "inbox", "everything"):
            stranger.post(reverse("preferences", args=[token]), {"stop": stop})
    stranger.post(reverse("one-click", args=[token]), {"List-Unsubscribe": "One-Click"})
    for wrong in (token[:-3], f"{token}x", "none"):
        assert stranger.get(reverse("preferences", args=[wrong])).status_code == 404
        assert stranger.post(reverse("one-click", args=[wrong])).status_code == 404
    assert [task for task in seen.tasks if "refold_act" in task]
    assert seen.with_canary() == []


def test_signing_up_stopping_and_ones_own_page(
    socr: Organisation,
    stranger: Browser,
    relay: Relay,
    seen: Seen,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    form = public.form(socr)
    with django_capture_on_commit_callbacks(execute=True):
        public.sign_up(stranger, form, **NAMES, email=ADDRESS)
        public.sign_up(stranger, form, **NAMES, email="kestrel@@")
        public.sign_up(stranger, form, **NAMES, email=ADDRESS, age_band="12")
    for what, whose in (("link", "SOCR"), ("stop", "SOCR"), ("stop", "everyone")):
        crm_tasks.carry_out.apply()
        for kind in (ServiceMail.Kind.CONFIRM_SIGN_UP, ServiceMail.Kind.FRESH_LINK):
            if mail := ServiceMail.objects.filter(kind=kind).first():
                stranger.post(public.link_in(mail), {"do": "move", "email": f"new.{ADDRESS}"})
        crm_tasks.carry_out.apply()
        said = {"email": ADDRESS, "organisation": whose, "what": what}
        stranger.post(reverse("stop-emails"), said)
    crm_tasks.carry_out.apply()
    relay.answers = {f"new.{ADDRESS}": f"550 5.1.1 <{ADDRESS}>: no such person"}
    dispatch.send_service_mail()
    assert ADDRESS in relay.inboxes
    kinds = {*ServiceMail.objects.values_list("kind", flat=True)}
    assert set(ServiceMail.Kind) - kinds == {"case", "confirm_yes"}
    assert seen.with_canary() == []


def test_a_yes_after_a_stop_that_a_colleague_vouches_for(
    socr: Organisation,
    point: ContactPoint,
    admin: Browser,
    stranger: Browser,
    relay: Relay,
    seen: Seen,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    tell_staff_after_a_stop(point, factories.user(socr))
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("vouch", args=[point.public_id]), {"purpose": "updates"})
    crm_tasks.carry_out.apply()
    dispatch.send_service_mail()
    assert relay.inboxes == [ADDRESS]
    stranger.post(public.link_in(ServiceMail.objects.get(kind=ServiceMail.Kind.CONFIRM_YES)))
    crm_tasks.carry_out.apply()
    assert ConsentEvent.objects.filter(action=Action.CONFIRM).exists()
    assert seen.with_canary() == []


def test_a_request_its_pack_and_an_erasure_that_fails_once(
    point: ContactPoint,
    admin: Browser,
    stranger: Browser,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    asked = {"name": "Anna Kestrel", "email": ADDRESS, "words": "Kestrel", "what": "access"}
    with django_capture_on_commit_callbacks(execute=True):
        for page in ("new-request", "complaint"):
            stranger.post(reverse(page), {**asked, "organisation": "SOCR"})
            stranger.post(reverse(page), {**asked, "organisation": "SOCR", "email": "kestrel@@"})
    crm_tasks.carry_out.apply()
    found = Case.objects.get(kind="access")
    page = reverse("case", args=[found.public_id])
    assert "Anna Kestrel" in admin.get(page).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("ask-pack", args=[found.public_id]))
    crm_tasks.make_pack.apply([Pack.objects.get().pk])
    data = admin.post(reverse("download-pack", args=[Pack.objects.get().public_id, "json"]))
    assert ADDRESS in data.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("erase", args=[found.public_id]), {"typed": found.reference})
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "erase", refuse_in_the_database)
        crm_tasks.carry_out_erasures.apply()
    assert [line for line in seen.lines if "is tried again" in line]
    crm_tasks.carry_out_erasures.apply()
    assert Supporter.objects.get().erased_at is not None
    assert seen.with_canary() == []


def test_signing_in_and_asking_for_a_password_with_the_canarys_address(
    stranger: Browser, seen: Seen, socr: Organisation
) -> None:
    given = {"username": ADDRESS, "password": "kestrel, kestrel, kestrel"}
    assert stranger.post(reverse("sign-in"), given).status_code == 200
    factories.user(socr, email=ADDRESS, name="Anna Kestrel")
    stranger.post(reverse("sign-in"), given)
    stranger.post(reverse("password_reset"), {"email": ADDRESS}, follow=True)
    assert seen.with_canary() == []


def test_inviting_and_removing_a_colleague(admin: Browser, seen: Seen) -> None:
    given = {"email": ADDRESS, "role": "organiser"}
    assert ADDRESS in admin.post(reverse("invite-staff"), given, follow=True).content.decode()
    assert seen.with_canary() == []


@pytest.mark.parametrize("fail", [refuse_in_the_database, refuse_to_parse])
def test_a_page_that_breaks(
    fail: Callable[..., None], admin: Browser, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people.profiles, "refresh", fail)
    answer = admin.post(reverse("add-person"), {**NAMES, "email": ADDRESS})
    assert answer.status_code == 500
    assert WORD not in answer.content.decode().casefold()
    (line,) = [line for line in seen.lines if "Internal Server Error" in line]
    assert "in add_person" in line  # where, so that it can be mended
    assert fail.__name__ in line
    assert seen.with_canary() == []


@pytest.mark.parametrize("fail", [refuse_in_the_database, refuse_to_parse])
def test_a_task_that_breaks(
    fail: Callable[..., None], seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold, "differences", fail)
    crm_tasks.check_consent.apply()
    (line,) = [line for line in seen.lines if "raised unexpected" in line]
    assert "crm.tasks.check_consent" in line
    assert fail.__name__ in line
    assert seen.with_canary() == []


def test_what_a_worker_says_of_one_persons_act(point: ContactPoint, seen: Seen) -> None:
    with wall.scope("staff", organisation_id=point.organisation_id):
        act = permissions.stop_everything(point=point, detail="link")
    crm_tasks.refold_act.apply([str(act)])
    assert seen.with_canary() == []


# The canary is alive


def test_it_would_be_heard(seen: Seen, admin: Browser) -> None:
    logging.getLogger("crm").info("sent to %s", ADDRESS)
    crm_tasks.refold_act.delay(ADDRESS)
    admin.get(reverse("people"), {"q": "Kestrel"})
    assert len(seen.with_canary()) == 3


def test_a_traceback_names_the_constraint_and_not_the_row() -> None:
    formatter = QuietFormatter("%(message)s")
    try:
        refuse_in_the_database()
    except Exception:
        record = logging.getLogger("crm").makeRecord(
            "crm", logging.ERROR, __file__, 1, "failed", (), sys.exc_info()
        )
    told = formatter.format(record)
    assert "psycopg.errors.UniqueViolation: 23505 crm_user" in told
    assert "which led to:" in told
    assert WORD not in told
