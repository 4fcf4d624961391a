"""Makes one person's message from a version: subject, plain text, HTML and the headers of RFC 2369 and 8058."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from markdown_it import MarkdownIt

from crm.models import Organisation
from mailings import merge
from mailings.models import Version

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True})


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over."""

    sender: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version's parts, made once for all its messages; fields and links are filled in for each person."""

    organisation: Organisation
    subject: str
    text: str
    html: str
    list_id: str
    campaign: uuid.UUID
    extra_page: str


_TOKEN = "COALESCE-TOKEN"
_LINK = "COALESCE-PREFERENCES-LINK"
_EXTRA = "COALESCE-EXTRA-LINK"
# The page that a version's further link opens, and its words.
EXTRA = {
    Version.ExtraLink.JOINT: (
        "joint-invitation",
        "See whether you want joint emails from all organisations of the campaign, too",
    ),
    Version.ExtraLink.RENEWAL: (
        "renewal",
        "Your yes counts for two years. Keep getting these emails after that",
    ),
}


def prepare(version: Version, *, partners: list[Organisation]) -> Prepared:
    """Make the parts that all messages of a version share.

    `partners`: on whose behalf the campaign is sent; each one's imprint stands in both parts (scenario 59).
    """
    organisation = version.organisation
    extra_page, extra_words = EXTRA.get(Version.ExtraLink(version.extra_link), ("", ""))
    context = {
        "organisation": organisation,
        "partners": partners,
        "subject": version.subject,
        "link": _LINK,
        "extra": _EXTRA if extra_page else "",
        "extra_words": extra_words,
        "body_text": version.body.strip(),
        "body_html": _html(version.body),
    }
    return Prepared(
        organisation=organisation,
        subject=version.subject,
        text=render_to_string("email/campaign.txt", context),
        html=render_to_string("email/campaign.html", context),
        list_id=f"<{organisation.code.lower()}.{organisation.sender_address.partition('@')[2]}>",
        campaign=version.campaign.public_id,
        extra_page=extra_page,
    )


@lru_cache(maxsize=64)
def _html(body: str) -> str:
    """Turn Markdown into HTML; raw HTML in it is shown as text, so that nothing can be slipped in."""
    return str(_MARKDOWN.render(body))


def letter(
    prepared: Prepared, *, values: Mapping[str, str], token: str, message_id: uuid.UUID
) -> Letter:
    """Make one person's message. `values` are merged, escaped in the HTML part and on one line in the subject."""
    page, extra = _links(prepared, token)
    escaped = {name: html.escape(value) for name, value in values.items()}
    domain = prepared.organisation.sender_address.partition("@")[2]
    return Letter(
        sender=sender(prepared),
        reply_to=prepared.organisation.reply_address,
        subject=" ".join(merge.fill(prepared.subject, values).split()),
        text=merge.fill(prepared.text, values).replace(_LINK, page).replace(_EXTRA, extra),
        html=merge.fill(prepared.html, escaped).replace(_LINK, page).replace(_EXTRA, extra),
        headers={
            "Message-ID": f"<{message_id}@{domain}>",
            "List-Unsubscribe": list_unsubscribe(prepared, token),
            **shared_headers(prepared),
        },
    )


def _links(prepared: Prepared, token: str) -> tuple[str, str]:
    """Give one person's preference page, and the page of the further link."""
    return _link("preferences", token), _link(prepared.extra_page or "preferences", token)


def _link(page: str, token: str) -> str:
    """Give the link of a page; looking it up for each person would take longer than all the rest."""
    return settings.BASE_URL + _path(page).replace(_TOKEN, token)


@lru_cache
def _path(page: str) -> str:
    return reverse(page, args=[_TOKEN])


def sender(prepared: Prepared) -> str:
    """Give who a version is from."""
    return f'"{prepared.organisation.sender_name}" <{prepared.organisation.sender_address}>'


def list_unsubscribe(prepared: Prepared, token: str) -> str:
    """Give the ways to stop that mail programs offer (RFC 2369 and 8058)."""
    one_click = _link("one-click", token)
    return f"<{one_click}>, <mailto:{prepared.organisation.reply_address}?subject=stop>"


def shared_headers(prepared: Prepared) -> dict[str, str]:
    """Give the headers that are the same for everyone."""
    return {
        "List-ID": prepared.list_id,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": f"{prepared.campaign.hex[:12]}:{prepared.organisation.code}:campaign:coalesce",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
    }


TOKEN_MARK = "token"


@dataclass(frozen=True, slots=True)
class Marked:
    """A version's parts with marks for what differs, for a service that fills them in."""

    subject: str
    text: str
    html: str
    fields: dict[str, tuple[str, str]]  # by mark: field, and the words to fall back on

    def values(self, given: Mapping[str, str], token: str) -> dict[str, str]:
        """Give one person's value for each mark; those that begin with h are for the HTML part."""
        found = {TOKEN_MARK: token}
        for mark, (name, fallback) in self.fields.items():
            value = given.get(name) or fallback
            one_line = " ".join(value.split()) if mark.startswith("s") else value
            escaped = html.escape(given[name]) if given.get(name) else fallback
            found[mark] = escaped if mark.startswith("h") else one_line
        return found


def marked(prepared: Prepared, mark: Callable[[str], str]) -> Marked:
    """Give a version's parts with `mark(name)` in the place of each value."""
    fields: dict[str, tuple[str, str]] = {}

    def put(part: str) -> Callable[[str, str], str]:
        def one(name: str, fallback: str) -> str:
            key = f"{part}{len(fields)}"
            for known, meant in fields.items():
                if known.startswith(part) and meant == (name, fallback):
                    key = known
            fields[key] = (name, fallback)
            return mark(key)

        return one

    page, extra = _links(prepared, mark(TOKEN_MARK))

    def linked(text: str) -> str:
        return text.replace(_LINK, page).replace(_EXTRA, extra)

    return Marked(
        subject=" ".join(merge.replaced(prepared.subject, put("s")).split()),
        text=linked(merge.replaced(prepared.text, put("t"))),
        html=linked(merge.replaced(prepared.html, put("h"))),
        fields=fields,
    )


def greeting(*, first_name: str, last_name: str, is_personal: bool) -> dict[str, str]:
    """Give the values to merge; an inbox that several people read is greeted by no single name."""
    if not is_personal:
        return {}
    clean = re.compile(r"[\x00-\x1f\x7f]")
    return {"first_name": clean.sub(" ", first_name), "last_name": clean.sub(" ", last_name)}
