"""Writes the viewer's pages as HTML; all that came by mail is escaped here."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from html import escape
from urllib.parse import urlencode

from demo.caught import Caught, readable

PER_PAGE = 100
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


def list_page(found: list[Caught], wanted: str, page: int) -> str:
    """Return one page of the list of messages; `found` is newest first, `page` counts from 1."""
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(page, 1), pages)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    total = _count_in_words(len(found), wanted)
    body = _table(total, shown) if shown else f"<p>{total}</p>"
    return _document("Caught mail", _search_form(wanted) + body + _page_links(wanted, page, pages))


def message_page(caught: Caught, source: bytes) -> str:
    """Return the page of one message: headers, text part, HTML part in a frame without rights."""
    message = message_from_bytes(source)
    text = _content(message, "text/plain")
    has_html = html_part(source) is not None
    parts = [
        f'<p><a href="/">All messages</a> · <a href="/message/{caught.n}/raw">Source</a></p>',
        f"<h2>Headers</h2><table>{''.join(_header_rows(message, caught))}</table>",
        f"<h2>Text part</h2>{_text_block(text)}",
        f"<h2>HTML part</h2>{_frame(caught.n) if has_html else '<p>None.</p>'}",
    ]
    return _document(caught.subject or "(no subject)", "".join(parts))


def problem_page(sentence: str) -> str:
    """Return a page that says what is wrong and leads back to the list."""
    return _document("Not found", f'<p>{escape(sentence)} <a href="/">All messages</a></p>')


def html_part(source: bytes) -> str | None:
    """Return the HTML part of a message as its sender wrote it, or None if it has none."""
    return _content(message_from_bytes(source), "text/html")


def _content(message: Message, kind: str) -> str | None:
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            return _decoded(payload, part) if isinstance(payload, bytes) else None
    return None


def _decoded(payload: bytes, part: Message) -> str:
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def _table(caption: str, shown: list[Caught]) -> str:
    columns = ("Number", "Subject", "To", "From", "Caught at")
    heads = "".join(f'<th scope="col">{column}</th>' for column in columns)
    rows = "".join(_row(caught) for caught in shown)
    return (
        f"<table><caption>{caption}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(caught: Caught) -> str:
    subject = escape(caught.subject or "(no subject)")
    return (
        f'<tr><td>{caught.n}</td><td><a href="/message/{caught.n}">{subject}</a></td>'
        f"<td>{escape(', '.join(caught.rcpt_to))}</td><td>{escape(caught.mail_from)}</td>"
        f"<td>{_time(caught)}</td></tr>"
    )


def _time(caught: Caught) -> str:
    return f'<time datetime="{escape(caught.at)}">{escape(caught.at[:19].replace("T", " "))}</time>'


def _header_rows(message: Message, caught: Caught) -> Iterator[str]:
    yield _header_row("Envelope from", caught.mail_from)
    yield _header_row("Envelope to", ", ".join(caught.rcpt_to))
    for name, value in message.raw_items():
        yield _header_row(name, readable(str(value).encode("utf-8", "surrogateescape")))


def _header_row(name: str, value: str) -> str:
    return f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'


def _text_block(text: str | None) -> str:
    return "<p>None.</p>" if text is None else f'<pre tabindex="0">{_with_links(text)}</pre>'


def _with_links(text: str) -> str:
    """Escape `text` and make its web addresses links, so that a reader can follow them."""
    pieces: list[str] = []
    place = 0
    for match in _LINK.finditer(text):
        url = escape(match[0])
        pieces += (escape(text[place : match.start()]), f'<a href="{url}" rel="noopener">{url}</a>')
        place = match.end()
    return "".join((*pieces, escape(text[place:])))


def _frame(n: int) -> str:
    return (
        '<p id="frame-note">Nothing in this frame can act: follow links from the text part.</p>'
        f'<iframe sandbox="" src="/message/{n}/html" title="HTML part of message {n}" '
        'aria-describedby="frame-note"></iframe>'
    )


def _search_form(wanted: str) -> str:
    return (
        '<form role="search" action="/"><label for="q">Recipient or subject</label> '
        f'<input id="q" name="q" type="search" value="{escape(wanted)}"> '
        "<button>Search</button></form>"
    )


def _count_in_words(count: int, wanted: str) -> str:
    messages = "1 message" if count == 1 else f"{count or 'No'} messages"
    return f"{messages} with “{escape(wanted)}”" if wanted else f"{messages}, newest first"


def _page_links(wanted: str, page: int, pages: int) -> str:
    if pages == 1:
        return ""
    newer = _page_link("Newer", wanted, page - 1) if page > 1 else ""
    older = _page_link("Older", wanted, page + 1) if page < pages else ""
    return f'<nav aria-label="Pages">{newer} Page {page} of {pages} {older}</nav>'


def _page_link(label: str, wanted: str, page: int) -> str:
    words = {"q": wanted, "page": str(page)} if wanted else {"page": str(page)}
    return f'<a href="/?{escape(urlencode(words))}">{label}</a>'


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} – mail catcher</title><link rel="stylesheet" href="/viewer.css">'
        f"</head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
