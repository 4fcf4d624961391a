"""Makes a service mail: a fixed wording of templates/email/service, with links of its own use and no promotion."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from crm import tokens
from crm.models import Organisation, ServiceMail, Statement
from mailings.rendering import Letter

_LINK = re.compile(r"^(?P<label>.+): (?P<url>https?://\S+)$")
_HEADING = re.compile(r"^Subject: (.+)\n\n")


def compose(mail: ServiceMail, organisation: Organisation) -> Letter:
    """Make the message of a row. Platform scope.

    The first line of a template is the subject. A line such as `Open your page: https://…` becomes, in the
    HTML part, a link that says what it does.
    """
    words = render_to_string(
        f"email/service/{mail.kind}.txt",
        {"organisation": organisation, "facts": mail.facts, **_values(mail)},
    )
    subject = _HEADING.match(words)
    assert subject is not None, f"{mail.kind}.txt does not begin with its subject"
    text = words[subject.end() :].strip()
    domain = organisation.sender_address.partition("@")[2]
    return Letter(
        sender=f'"{organisation.sender_name}" <{organisation.sender_address}>',
        reply_to=organisation.reply_address,
        subject=subject[1],
        text=f"{text}\n",
        html=render_to_string(
            "email/service/page.html", {"subject": subject[1], "paragraphs": _paragraphs(text)}
        ),
        headers={
            # The same at each try: a program that gets two copies shows one.
            "Message-ID": f"<{mail.public_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def _paragraphs(text: str) -> list[str]:
    """Give the paragraphs of a plain text as HTML, escaped, with links for the lines that are one."""
    return [
        "<br>".join(_line(line) for line in paragraph.split("\n"))
        for paragraph in re.split(r"\n{2,}", text)
    ]


def _line(line: str) -> str:
    if found := _LINK.match(line):
        return f'<a href="{html.escape(found["url"])}">{html.escape(found["label"])}</a>'
    return html.escape(line)


def _values(mail: ServiceMail) -> dict[str, Any]:
    """Give what a kind's words need beside its facts."""
    kind = ServiceMail.Kind(mail.kind)
    values: dict[str, Any] = {
        "regulator": settings.COALESCE_REGULATOR,
        "regulator_url": settings.COALESCE_REGULATOR_URL,
    }
    if kind in LINKS:
        page, about = LINKS[kind]
        use: tokens.Use = USES[kind]
        token = tokens.make(use, about=about(mail), organisation_id=mail.organisation_id)
        easy = "?view=easy" if mail.facts.get("easy") else ""
        values["link"] = settings.BASE_URL + reverse(page, args=[token]) + easy
    if mail.facts.get("due"):
        values["due"] = date.fromisoformat(mail.facts["due"])
    if "statements" in mail.facts:
        wordings = Statement.objects.filter(pk__in=mail.facts["statements"])
        values["wordings"] = list(wordings.order_by("pk").values_list("words", flat=True))
    return values


def _point(mail: ServiceMail) -> UUID:
    assert mail.contact_point is not None
    return mail.contact_point.public_id


def _fact(mail: ServiceMail) -> UUID:
    return UUID(mail.facts["about"])


Kind = ServiceMail.Kind
USES: dict[ServiceMail.Kind, tokens.Use] = {
    Kind.FRESH_LINK: "fresh",
    Kind.CONFIRM_SIGN_UP: "confirm",
    Kind.CONFIRM_YES: "confirm",
    Kind.CONFIRM_ADDRESS: "address",
    Kind.STOPPED: "undo",
}
# The page that a kind's link opens, and what its token is about.
LINKS: dict[ServiceMail.Kind, tuple[str, Callable[[ServiceMail], UUID]]] = {
    Kind.FRESH_LINK: ("own-page", _point),
    Kind.CONFIRM_SIGN_UP: ("confirm-sign-up", _fact),
    Kind.CONFIRM_YES: ("confirm-sign-up", _fact),
    Kind.CONFIRM_ADDRESS: ("confirm-address", _fact),
    Kind.STOPPED: ("undo-stop", lambda mail: mail.public_id),
}
