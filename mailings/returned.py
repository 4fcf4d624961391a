"""Reads mail that comes back: bounces (RFC 3464), spam reports (RFC 5965), and people who write *stop*."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from crm import tokens
from mailings.models import Delivery
from mailings.reports import Report, enhanced_code, is_about_the_address, message_of

Outcome = Delivery.Outcome
ROUTE = "mailbox"


class UnclearError(Exception):
    """It cannot be dealt with by a machine: the sentence says why. It is kept for a person."""


@dataclass(frozen=True, slots=True)
class Told:
    """A report, and the signed link in the message that it is about, if that came back with it."""

    report: Report
    link: tokens.Preference | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody asks for no more mail: from which address, to which ones they wrote, and the links they quote."""

    address: str = field(repr=False)
    to: tuple[str, ...]
    links: tuple[tokens.Preference, ...]


Found = list[Told] | Stop | None


def read(content: bytes) -> Found:
    """Say what a mail is: reports, somebody's stop, or (None) what people write to people. Raises UnclearError."""
    mail = BytesParser(policy=compat32).parsebytes(content)
    kind = str(mail.get_param("report-type") or "").lower()
    if mail.get_content_type() == "multipart/report":
        if kind == "delivery-status":
            return list(_bounces(mail, content))
        if kind == "feedback-report":
            return _complaint(mail, content)
    if _is_automatic(mail):
        if mail.get("Return-Path", "").strip() == "<>" and not mail.get("Auto-Submitted", ""):
            raise UnclearError(
                "It may be a bounce, but not in the form of RFC 3464: read it yourself."
            )
        return None  # an answer of an absent person's program
    return _stop(mail)


# Bounces


_ACTIONS = {
    "failed": Outcome.BOUNCED,
    "delayed": Outcome.DEFERRED,
    "delivered": Outcome.DELIVERED,
    "relayed": Outcome.NONE,
    "expanded": Outcome.NONE,
}


def _bounces(mail: Message, content: bytes) -> Iterator[Told]:
    status = _part(mail, "message/delivery-status")
    blocks = status.get_payload() if status else None
    if not isinstance(blocks, list):
        raise UnclearError("It is a bounce that says nothing of any address: read it yourself.")
    told = [block for block in blocks if isinstance(block, Message) and block.get("Action")]
    if not told:
        raise UnclearError("It is a bounce that says nothing of any address: read it yourself.")
    message, written_to, link = _original(mail)
    for block in told:
        action = block["Action"].split()[0].lower()
        if action not in _ACTIONS:
            raise UnclearError("It is a bounce with an action that RFC 3464 does not have.")
        code = enhanced_code(block.get("Status", "")) or enhanced_code(
            block.get("Diagnostic-Code", "")
        )
        address = _typed(block, "Original-Recipient") or _typed(block, "Final-Recipient")
        # Forwarded, it comes back from another address than the one that was written to.
        address = written_to if len(told) == 1 and written_to else address
        kind = _ACTIONS[action]
        report = Report(
            route=ROUTE,
            same=hashlib.sha256(content).hexdigest(),
            kind=kind,
            happened_at=_date(block.get("Last-Attempt-Date"), mail.get("Date")),
            message=message,
            address=address,
            code=code,
            is_permanent=kind == Outcome.BOUNCED and is_about_the_address(code),
        )
        yield Told(report, link)


def _complaint(mail: Message, content: bytes) -> Found:
    part = _part(mail, "message/feedback-report")
    fields = _block(part)
    if fields is None or not fields.get("Feedback-Type"):
        raise UnclearError("It is a spam report that does not say of what: read it yourself.")
    if fields["Feedback-Type"].strip().lower() not in ("abuse", "fraud", "opt-out", "opt-out-list"):
        raise UnclearError("It is a report about mail that is not a complaint: read it yourself.")
    message, written_to, link = _original(mail)
    opted_out = fields["Feedback-Type"].strip().lower().startswith("opt-out")
    named = getaddresses([fields.get("Original-Rcpt-To", "")])
    report = Report(
        route=ROUTE,
        same=hashlib.sha256(content).hexdigest(),
        kind=Outcome.UNSUBSCRIBED if opted_out else Outcome.COMPLAINED,
        happened_at=_date(fields.get("Arrival-Date"), mail.get("Date")),
        message=message,
        address=written_to or (named[0][1] if named else ""),
    )
    return [Told(report, link)]


def _original(mail: Message) -> tuple[uuid.UUID | None, str, tokens.Preference | None]:
    """Give the id, the address and the link of the message that a report is about. Raises UnclearError if none."""
    part = _part(mail, "message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
    headers = _block(part)
    if headers is None:
        raise UnclearError("It does not say about which message it is: read it yourself.")
    message = message_of(headers.get("Message-ID", ""))
    links = _links(headers.get("List-Unsubscribe", ""))
    if message is None and not links:
        raise UnclearError("It is about a message that is not ours: read it yourself.")
    to = getaddresses([headers.get("To", "")])
    return message, to[0][1] if to else "", links[0] if links else None


def _part(mail: Message, *types: str) -> Message | None:
    return next((part for part in mail.walk() if part.get_content_type() in types), None)


def _block(part: Message | None) -> Message | None:
    """Give the fields that a part holds: parsed already, or as text."""
    if part is None:
        return None
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload and isinstance(payload[0], Message) else None
    decoded = part.get_payload(decode=True)
    return BytesParser(policy=compat32).parsebytes(decoded) if isinstance(decoded, bytes) else None


def _typed(block: Message, name: str) -> str:
    """Give the address of a field such as `rfc822; a@example.org` (RFC 3464, 2.3)."""
    return str(block.get(name, "")).partition(";")[2].strip().strip("<>")


def _date(*texts: str | None) -> datetime:
    """Give the first date that can be read, or now."""
    for text in texts:
        try:
            found = parsedate_to_datetime(text or "")
        except (ValueError, TypeError, IndexError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.now(UTC)


# Stops


_WORDS = re.compile(
    r"(please )?(can you |could you |kindly )?"
    r"(stop|unsubscribe|opt ?out|remove|(take|get) me off)( it| this| now)?"
    r"( me| us| my (e?mail )?address| (all )?(the |your |these )?e?mails?| (e?mailing|contacting|writing to|"
    r"sending (me )?e?mails?( to)?)( me| us)?)?"
    r"( from| off| to)?( (your|this|the|all)( mailing)? ?(lists?|e?mails?)?)?( please| thanks?| thank you)*"
)
_ANSWER = re.compile(r"^((re|aw|sv|fwd?)\s*:\s*)+", re.I)
_LINK = re.compile(r"/p/([\w.-]+)/")


def _stop(mail: Message) -> Stop | None:
    """Give the stop in a mail: as its subject, or as the first thing that it says."""
    subject = str(mail.get("Subject", ""))
    text = _text(mail)
    first = next((line for line in text.splitlines() if line.strip()), "")
    asks = _says_stop(first) or (_says_stop(subject) and not _ANSWER.match(subject))
    sender = getaddresses([str(mail.get("From", ""))])
    if not asks or not sender or "@" not in sender[0][1]:
        return None
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    to = getaddresses([str(value) for name in names for value in mail.get_all(name, [])])
    return Stop(
        address=sender[0][1],
        to=tuple(dict.fromkeys(address for _, address in to if address)),
        links=tuple(dict.fromkeys(_links(text))),
    )


def _says_stop(text: str) -> bool:
    plain = " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())
    return len(plain) < 100 and _WORDS.fullmatch(plain) is not None


def _text(mail: Message) -> str:
    """Give what a mail says in plain text."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            decoded = part.get_payload(decode=True)
            charset = part.get_content_charset() or "utf-8"
            if isinstance(decoded, bytes):
                try:
                    return decoded.decode(charset, "replace")
                except LookupError:
                    return decoded.decode("utf-8", "replace")
    return ""


def _links(text: str) -> list[tokens.Preference]:
    """Give the preference links in a text that we signed."""
    found = []
    for token in _LINK.findall("".join(text.split()) if text.lstrip().startswith("<") else text):
        try:
            found.append(tokens.read_preference_token(token))
        except tokens.BadTokenError:
            continue
    return found


def _is_automatic(mail: Message) -> bool:
    """Tell whether a program wrote it (RFC 3834)."""
    said = str(mail.get("Auto-Submitted", "no")).strip().lower()
    return (
        said != "no"
        or mail.get("Return-Path", "").strip() == "<>"
        or str(mail.get("Precedence", "")).lower() in ("bulk", "junk", "auto_reply")
    )
