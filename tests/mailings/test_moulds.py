"""A message that was cast is the message that Django makes, part by part, whatever the names and the words."""

from __future__ import annotations

import uuid
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Organisation
from crm.sql import fold
from mailings import rendering
from mailings.dispatch import moulds
from mailings.rendering import Prepared
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
TOKEN = "AgEC_x-1.sZ9"
ID = uuid.uuid4()
BODIES = [
    "Dear {{ first_name|friend }},\n\nplease **write**, {{ last_name }}.",
    "Nothing to fill in.",
    "Ein Brief für {{ first_name|dich }} & <b>alle</b> — 日本語 🙂",
    "From the start\n.\n..dots and {{ first_name }}\nFrom here",
    f"{'long ' * 300}{{{{ first_name|x }}}}",
    "Content-Type: text/html {{ first_name }}\n\n--boundary",
    "{{ first_name }} {{ first_name|a }} {{ first_name|b }}",
]
SUBJECTS = ["Plain", "To {{ first_name|you }}", "Für Dich, {{ last_name|alle }}", "S" * 180]
NAMES = [
    "",
    "Priya",
    "Siân",
    "O'Neil & <Söhne>",
    ".dot",
    "李小龍",
    "🙂",
    "N" * 61,
    "É" * 60,
    "\r\nBcc: x@example.org",
]


def prepared(where: Organisation, subject: str, body: str) -> Prepared:
    version: Any = campaign(where).versions.get()
    version.subject, version.body = subject, body
    return rendering.prepare(version, partners=[where])


def read(content: bytes) -> dict[str, Any]:
    """Give what a mail program shows: headers without the boundary, and each part's words."""
    message = cast(EmailMessage, message_from_bytes(content, policy=SMTP))
    headers = {name: str(value) for name, value in message.items() if name not in UNEQUAL}
    parts = [(part.get_content_type(), part.get_content()) for part in message.iter_parts()]
    return {"headers": headers, "parts": parts, "defects": list(message.defects)}


UNEQUAL = {"Content-Type", "Date"}  # the boundary is drawn by lot; the hour passes
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=70)


def check(mould: moulds.Moulds, made_of: Prepared, first: str, last: str, address: str) -> None:
    values = rendering.greeting(first_name=first, last_name=last, is_personal=True)
    given = {"values": values, "token": TOKEN, "message_id": ID}
    found = mould.cast(**given, address=address)  # type: ignore[arg-type]
    expected = moulds.seal(rendering.letter(made_of, **given), address)  # type: ignore[arg-type]
    assert found.sender == expected.sender
    assert read(found.content) == read(expected.content)
    assert all(len(line) <= 998 for line in found.content.split(b"\r\n"))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_is_cast_reads_like_what_django_makes(
    socr: Organisation, subject: str, body: str
) -> None:
    made_of = prepared(socr, subject, body)
    mould = moulds.Moulds(made_of)
    for first in NAMES:
        for last in ("", "Müller", "O'Brien"):
            check(mould, made_of, first, last, "priya@example.org")


@given(first=texts, last=texts)
def test_any_name_is_written_as_django_writes_it(socr: Organisation, first: str, last: str) -> None:
    made_of = prepared(socr, SUBJECTS[1], BODIES[0])
    check(moulds.Moulds(made_of), made_of, first, last, "j.smith+neu@example.org")


def test_an_address_that_is_not_ascii_is_made_anew(socr: Organisation) -> None:
    made_of = prepared(socr, SUBJECTS[0], BODIES[0])
    check(moulds.Moulds(made_of), made_of, "Priya", "", "priya@bücher.example")


def test_a_mould_is_used_where_the_names_fit(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mould = moulds.Moulds(prepared(socr, SUBJECTS[1], BODIES[0]))
    values = {"first_name": "Priya", "last_name": ""}
    given: dict[str, Any] = {"values": values, "token": TOKEN, "address": "priya@example.org"}
    mould.cast(message_id=ID, **given)
    monkeypatch.setattr(moulds, "seal", None)  # nothing is made with Django from here on
    again = mould.cast(message_id=uuid.uuid4(), **given)
    assert b"Dear Priya," in again.content


def test_no_mark_of_a_mould_reaches_anybody(socr: Organisation, relay: Relay) -> None:
    for number in range(3):
        supporter_who_said_yes(socr, f"p{number}@example.org", "Siân")
    fold.rebuild()
    send_all(campaign(socr))
    assert len(relay.messages) == 3
    for message in relay.messages:
        assert "COALESCE" not in message.as_string().replace("COALESCE_", "")
        assert message["Subject"] == "SOCR asks Siân"
