"""What is caught is kept in two plain files that outlive the process that wrote them."""

from contextlib import closing
from pathlib import Path

import pytest

from demo.caught import Store, interesting_headers, read_caught, read_source, readable

MESSAGE = b"Subject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\nSubject: not this one\r\n"


def test_a_kept_message_is_read_back_from_the_files(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        store.add("a@example.org", ["b@example.org"], b"\r\nfirst\r\n")
        store.add("a@example.org", ["b@example.org", "c@example.org"], MESSAGE)
    _, caught = read_caught(tmp_path)
    assert (caught.n, caught.subject, caught.message_id) == (2, "Hello", "<1@example.org>")
    assert caught.rcpt_to == ["b@example.org", "c@example.org"]
    assert read_source(tmp_path, caught) == MESSAGE


def test_a_folder_without_mail_has_none(tmp_path: Path) -> None:
    assert read_caught(tmp_path) == []


def test_a_line_torn_by_a_crash_is_dropped_and_numbers_go_on(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        store.add("a@example.org", ["b@example.org"], MESSAGE)
    with (tmp_path / "messages.jsonl").open("ab") as index:
        index.write(b'{"n": 2, "at"')
    assert len(read_caught(tmp_path)) == 1
    with closing(Store(tmp_path)) as store:
        caught = store.add("a@example.org", ["b@example.org"], MESSAGE)
    assert caught.n == 2
    assert [kept.n for kept in read_caught(tmp_path)] == [1, 2]
    assert read_source(tmp_path, caught) == MESSAGE


def test_headers_are_found_in_any_case_and_only_before_the_body() -> None:
    source = (
        b"SUBJECT: one\nlist-unsubscribe: <https://example.org/u>,\n <mailto:u@example.org>\n\n"
    )
    assert interesting_headers(source + b"Message-ID: <body@example.org>\n") == {
        "subject": "one",
        "list-unsubscribe": "<https://example.org/u>, <mailto:u@example.org>",
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" plain", "plain"),
        ("Siân".encode(), "Siân"),
        (b"=?utf-8?q?Si=C3=A2n?=\r\n =?utf-8?q?_and_Zo=C3=AB?=", "Siân and Zoë"),
        (b"=?utf-8?b?broken?=", "=?utf-8?b?broken?="),
        (b"=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
    ],
)
def test_a_header_is_made_readable(value: bytes, expected: str) -> None:
    assert readable(value) == expected
