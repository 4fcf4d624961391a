"""Mail that comes back says the same as a webhook: bounces, spam reports, and people who write *stop*."""

from __future__ import annotations

import imaplib
import mailbox
import re
from pathlib import Path
from typing import Any

import pytest

from crm import consent
from crm.models import ContactPoint, Organisation
from crm.reasons import Reason
from crm.sql import fold
from mailings import returned as reading
from mailings.models import Campaign, Delivery, Event
from mailings.services import returned
from tests import factories
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"


@pytest.fixture
def box(settings: Any, tmp_path: Path) -> mailbox.Maildir:
    settings.COALESCE_RETURNS = [f"maildir://{tmp_path}/returns"]
    return mailbox.Maildir(tmp_path / "returns", factory=None, create=True)


@pytest.fixture
def sent(socr: Organisation, relay: Relay) -> str:
    """The headers of a message that was handed over, as they come back."""
    supporter_who_said_yes(socr, MAIL)
    fold.rebuild()
    send_all(campaign(socr))
    return "".join(f"{name}: {value}\n" for name, value in relay.messages[0].items())


def gate(point: ContactPoint) -> Reason:
    question = consent.Question(factories.purpose(point.organisation).pk)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
    return Reason(decided.values_list("reasons", flat=True).get())


def reasons() -> Reason:
    return gate(ContactPoint.objects.get(folded=MAIL))


def bounce(original: str, *, action: str = "failed", status: str = "5.1.1", to: str = MAIL) -> str:
    """RFC 3464, appendix E."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: news@socr.example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Date: Fri, 20 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry: <{to}> is not known here.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{to}>

--b
Content-Type: text/rfc822-headers

{original}
--b--
"""


def complaint(original: str, kind: str = "abuse") -> str:
    """RFC 5965, appendix B, with the address left out, as many services do."""
    return f"""From: feedback@mx.example.net
To: news@socr.example.org
Subject: FW: a message
Date: Fri, 20 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Filter/1.0
Version: 1

--b
Content-Type: message/rfc822

{re.sub("(?m)^To:.*$", "To: redacted@example.net", original)}
Hello.
--b--
"""


def letter(
    text: str, *, subject: str = "Re: SOCR asks you", to: str = "reply@socr.example.org"
) -> str:
    return f"From: Priya <{MAIL}>\nTo: {to}\nSubject: {subject}\n\n{text}\n"


def read(box: mailbox.Maildir, *mails: str) -> dict[str, int]:
    for mail in mails:
        box.add(mail.encode())
    return returned.read_all()


def contents(box: mailbox.Maildir, folder: str = "") -> list[str]:
    where = box.get_folder(folder) if folder else box
    return [where.get_bytes(key).decode() for key in where.keys()]


# Bounces


def test_a_bounce_closes_the_gate_and_moves_the_message_on(sent: str, box: mailbox.Maildir) -> None:
    assert read(box, bounce(sent)) == {"reports": 1}
    assert Delivery.objects.get().outcome == Delivery.Outcome.BOUNCED
    assert reasons() == Reason.HARD_BOUNCE
    assert contents(box) == []


def test_a_bounce_of_a_forwarded_message_is_about_the_address_that_was_written_to(
    sent: str, box: mailbox.Maildir
) -> None:
    read(box, bounce(sent, to="elsewhere@example.net"))
    assert reasons() == Reason.HARD_BOUNCE


@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [
        ("delayed", "4.4.1", Delivery.Outcome.DEFERRED),
        ("delivered", "2.0.0", Delivery.Outcome.DELIVERED),
        ("failed", "5.2.2", Delivery.Outcome.BOUNCED),
    ],
)
def test_what_is_not_about_the_address_moves_the_message_on_and_closes_nothing(
    sent: str, box: mailbox.Maildir, action: str, status: str, outcome: int
) -> None:
    read(box, bounce(sent, action=action, status=status))
    assert Delivery.objects.get().outcome == outcome
    assert reasons() == Reason(0)


def test_a_forged_bounce_about_a_message_that_was_never_sent_changes_nothing(
    sent: str, box: mailbox.Maildir
) -> None:
    forged = "Message-ID: <9b2f4a1e-0000-4000-8000-000000000000@x>\nTo: priya@example.org\n"
    read(box, bounce(forged))
    assert reasons() == Reason(0)
    assert Event.objects.get().state == Event.State.UNKNOWN


def test_a_message_in_doubt_is_settled_by_its_bounce(sent: str, box: mailbox.Maildir) -> None:
    Delivery.objects.update(status=Delivery.Status.IN_DOUBT)
    Campaign.objects.update(state=Campaign.State.SENDING)
    read(box, bounce(sent))
    assert Delivery.objects.get().status == Delivery.Status.SENT


# Complaints


def test_a_spam_report_that_leaves_out_the_address_is_known_by_the_signed_link(
    sent: str, box: mailbox.Maildir
) -> None:
    assert MAIL not in complaint(sent)
    assert read(box, complaint(sent)) == {"reports": 1}
    assert reasons() & Reason.COMPLAINED


def test_a_spam_report_is_known_by_the_link_alone(sent: str, box: mailbox.Maildir) -> None:
    read(box, complaint(re.sub(r"(?m)^Message-ID:.*\n", "", sent)))
    assert reasons() & Reason.COMPLAINED


# Stops


@pytest.mark.parametrize(
    "mail",
    [
        letter("stop"),
        letter("Please remove me from your list.\n\n> Dear Priya,"),
        letter("STOP!!"),
        letter("Unsubscribe me, thank you"),
        letter("", subject="stop"),
        letter("Please stop sending me emails"),
    ],
)
def test_a_reply_that_says_stop_is_a_stop(sent: str, box: mailbox.Maildir, mail: str) -> None:
    assert read(box, mail) == {"stops": 1}
    assert reasons() == Reason.ORG_UNSUBSCRIBED


@pytest.mark.parametrize(
    "mail",
    [
        letter("We must stop these cuts! How can I help?"),
        letter("Thank you.\n\n> stop"),
        letter("I like it.", subject="Re: stop"),
        letter("Stop the cuts"),
    ],
)
def test_what_people_write_to_people_stays_unread_where_it_is(
    sent: str, box: mailbox.Maildir, mail: str
) -> None:
    assert read(box, mail) == {"people": 1}
    assert reasons() == Reason(0)
    assert contents(box) == [mail]
    assert [message.get_flags() for message in box] == [""]
    assert returned.read_all() == {}


def test_an_absent_persons_program_is_not_taken_for_a_stop(sent: str, box: mailbox.Maildir) -> None:
    read(box, "Auto-Submitted: auto-replied\n" + letter("stop"))
    assert reasons() == Reason(0)


def test_a_stop_from_another_address_stops_the_one_whose_link_it_quotes(
    sent: str, box: mailbox.Maildir, relay: Relay
) -> None:
    text = relay.messages[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    quoted = "".join(f"> {line}\n" for line in text.splitlines())
    read(box, letter(f"stop\n\n{quoted}").replace(MAIL, "other@example.net"))
    assert reasons() == Reason.ORG_UNSUBSCRIBED


def test_a_stop_reaches_the_organisation_that_was_written_to_and_no_other(
    sent: str, box: mailbox.Maildir, neu: Organisation
) -> None:
    there = supporter_who_said_yes(neu, MAIL)
    fold.rebuild()
    read(box, letter("stop"))
    assert gate(there) == Reason(0)


# What is unclear


@pytest.mark.parametrize(
    ("mail", "sentence"),
    [
        (bounce("Message-ID: <1234@elsewhere>\nTo: a@example.org\n"), "is not ours"),
        (bounce("").replace("Action: failed", ""), "says nothing of any address"),
        (letter("stop", to="nobody@example.net"), "to no organisation's address"),
        ("Return-Path: <>\nFrom: MAILER-DAEMON\n\nfailure notice", "not in the form of RFC 3464"),
        (complaint("", kind="").replace("Feedback-Type: ", ""), "does not say of what"),
    ],
)
def test_what_is_unclear_is_put_aside_with_a_sentence_and_holds_up_no_other(
    sent: str, box: mailbox.Maildir, mail: str, sentence: str
) -> None:
    assert read(box, mail, bounce(sent)) == {"unclear": 1, "reports": 1}
    (kept,) = contents(box, "Coalesce-aside")
    said, _, original = kept.partition("\n")
    assert sentence in said
    assert original == mail
    assert reasons() == Reason.HARD_BOUNCE


def test_what_breaks_the_reader_is_put_aside_and_logged_without_its_words(
    sent: str,
    box: mailbox.Maildir,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def breaks(content: bytes) -> None:
        raise ValueError(content)

    monkeypatch.setattr(reading, "read", breaks)
    assert read(box, letter("stop")) == {"unclear": 1}
    assert len(contents(box, "Coalesce-aside")) == 1
    assert MAIL not in caplog.text


# IMAP


class Server:
    """An IMAP server's folders, as far as they are used here."""

    def __init__(self, *mails: str) -> None:
        self.inbox = {str(n): mail.encode() for n, mail in enumerate(mails, 1)}
        self.flags: dict[str, set[str]] = {uid: set() for uid in self.inbox}
        self.folders: dict[str, list[bytes]] = {}
        self.opened: list[str] = []

    def __call__(self, host: str, port: int, timeout: int) -> Server:
        self.opened.append(f"{host}:{port}")
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def login(self, user: str, password: str) -> None:
        self.opened.append(f"{user} {password}")

    def select(self, folder: str) -> tuple[str, list[bytes]]:
        return "OK", [b"1"]

    def create(self, folder: str) -> tuple[str, list[bytes]]:
        self.folders.setdefault(folder, [])
        return "OK", [b""]

    def append(self, folder: str, flags: None, at: None, content: bytes) -> tuple[str, list[bytes]]:
        self.folders[folder].append(content)
        return "OK", [b""]

    def expunge(self) -> None:
        for uid in [uid for uid, flags in self.flags.items() if "\\Deleted" in flags]:
            self.inbox.pop(uid, None)

    def uid(self, command: str, *words: str) -> tuple[str, list[Any]]:
        if command == "SEARCH":
            fresh = [uid for uid in self.inbox if words[1] not in self.flags[uid]]
            return "OK", [" ".join(fresh).encode()]
        if command == "FETCH":
            return "OK", [(b"1 (BODY[] {1}", self.inbox[words[0]]), b")"]
        if command == "COPY":
            self.folders[words[1]].append(self.inbox[words[0]])
        if command == "STORE":
            self.flags[words[0]] |= set(words[2].strip("()").split())
        return "OK", [b""]


def test_a_folder_of_an_imap_server_is_read_in_the_same_way(
    sent: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(bounce(sent), letter("Good luck!"), bounce(""))
    monkeypatch.setattr(imaplib, "IMAP4_SSL", server)
    settings.COALESCE_RETURNS = ["imaps://news%40socr:pass%2Fword@imap.example.org/Returns"]
    assert returned.read_all() == {"reports": 1, "people": 1, "unclear": 1}
    assert server.opened == ["imap.example.org:993", "news@socr pass/word"]
    assert list(server.inbox.values()) == [letter("Good luck!").encode()]
    assert "\\Seen" not in server.flags["2"]
    assert {name: len(kept) for name, kept in server.folders.items()} == {
        "Coalesce-done": 1,
        "Coalesce-aside": 1,
    }
    assert returned.read_all() == {}


def test_a_mailbox_that_cannot_be_reached_holds_up_no_other(
    sent: str, box: mailbox.Maildir, settings: Any
) -> None:
    settings.COALESCE_RETURNS = ["maildir:///nowhere/at/all", *settings.COALESCE_RETURNS]
    assert read(box, bounce(sent)) == {"reports": 1}
