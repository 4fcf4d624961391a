"""The viewer shows mail safely: all is escaped, and a message's own HTML can do nothing."""

from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

import pytest

from demo.caught import Store
from demo.viewer import answer

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path)) as opened:
        yield opened


def keep(store: Store, subject: str = "News", to: str = "zoe@example.org", text: str = "") -> int:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    message.add_alternative(f"<p>{SCRIPT}</p>", subtype="html")
    return store.add("news@example.org", [to], message.as_bytes()).n


def page(store: Store, path: str) -> str:
    return answer(store, path).body.decode()


@pytest.mark.parametrize("path", ["/", "/message/1", "/?q=%3Cscript%3Ealert(1)%3C/script%3E"])
def test_a_script_in_a_subject_or_an_address_is_shown_as_text(store: Store, path: str) -> None:
    keep(store, subject=SCRIPT, to=f"{SCRIPT}@example.org", text=SCRIPT)
    shown = page(store, path)
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_no_page_allows_scripts(store: Store) -> None:
    keep(store)
    for path in ("/", "/message/1", "/message/1/html", "/message/1/raw", "/count", "/nowhere"):
        policy = answer(store, path).policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy


def test_a_messages_html_is_shown_in_a_frame_without_rights(store: Store) -> None:
    keep(store)
    assert '<iframe sandbox="" src="/message/1/html"' in page(store, "/message/1")
    framed = answer(store, "/message/1/html")
    assert framed.policy.startswith("sandbox;")
    assert SCRIPT in framed.body.decode()


def test_links_of_the_text_part_can_be_followed(store: Store) -> None:
    keep(store, text="Stop: https://example.org/stop/abc?a=1&b=2.")
    link = '<a href="https://example.org/stop/abc?a=1&amp;b=2" rel="noopener">'
    assert link in page(store, "/message/1")


def test_the_newest_message_comes_first(store: Store) -> None:
    keep(store, subject="Earlier")
    keep(store, subject="Later")
    shown = page(store, "/")
    assert shown.index("Later") < shown.index("Earlier")


@pytest.mark.parametrize("wanted", ["AMARA", "strike"])
def test_a_search_finds_recipients_and_subjects(store: Store, wanted: str) -> None:
    keep(store, subject="Strike ballot", to="amara@example.org")
    keep(store, subject="Other news")
    shown = page(store, f"/?q={wanted}")
    assert "Strike ballot" in shown
    assert "Other news" not in shown


def test_a_long_list_comes_in_pages_of_a_hundred(store: Store) -> None:
    for _ in range(101):
        keep(store)
    assert page(store, "/").count("<time") == 100
    assert page(store, "/?page=2").count("<time") == 1
    assert "Page 2 of 2" in page(store, "/?page=99")


def test_an_empty_list_says_so(store: Store) -> None:
    assert "No messages" in page(store, "/")


@pytest.mark.parametrize(
    "path", ["/message/1", "/message/0", "/message/1/html", "/message/1/raw", "/../etc/passwd"]
)
def test_what_is_not_there_is_not_found(store: Store, path: str) -> None:
    assert answer(store, path).status is HTTPStatus.NOT_FOUND


def test_a_message_of_unknown_letters_is_still_shown(store: Store) -> None:
    odd = b"Subject: odd\r\nContent-Type: text/plain; charset=no-such\r\n\r\nSi\xc3\xa2n \xff\r\n"
    store.add("", ["zoe@example.org"], odd)
    assert "Siân" in page(store, "/message/1")


def test_a_strange_number_in_a_query_is_passed_over(store: Store) -> None:
    keep(store)
    assert answer(store, "/messages.json?since=many").body == answer(store, "/messages.json").body
