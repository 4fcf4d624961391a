"""Email addresses: cleaning, comparing narrowly for a yes and widely for a no, and keyed hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence

_SHAPE = re.compile(
    r"[^\s@<>(),;:\"\[\]\\]{1,64}@(?:[a-z0-9¡-￿](?:[a-z0-9¡-￿-]{0,61}[a-z0-9¡-￿])?\.)+"
    r"[a-z¡-￿][a-z0-9¡-￿-]{0,61}",
    re.IGNORECASE,
)
_IN_ANGLES = re.compile(r"^[^<>]*<([^<>]+)>$")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad\u2060"), None)
GMAIL = frozenset({"gmail.com", "googlemail.com"})
# The ends of addresses that are read at a school, a college, a council or in the health service.
AT_WORK = (".sch.uk", ".ac.uk", ".gov.uk", ".nhs.uk", ".police.uk")
# Inboxes of a role or an office: they are nobody's key (docs/explanation/consent.md).
ROLE_MAILBOXES = frozenset(
    (
        "admin admissions bursar contact enquiries enquiry head headteacher hello help inclusion info "
        "mail office parents principal reception schooloffice secretary sen senco send sendco staff "
        "support team"
    ).split()
)


def clean(text: str) -> str:
    """Give the bare address of a cell such as ` Name <a@b.org>. ` or `mailto:a@b.org`."""
    text = text.translate(_INVISIBLE).replace("\u00a0", " ").strip()
    found = _IN_ANGLES.match(text)
    text = found.group(1) if found else text
    text = text.strip().strip("'\"")
    if text.lower().startswith("mailto:"):
        text = text[7:]
    return text.strip().rstrip(".,;").strip()


def fault(address: str) -> str | None:
    """Say in a sentence what is wrong with a cleaned address, or give None."""
    if address.count("@") > 1 and re.search(r"[,;/ ]", address):
        return "There are two addresses in this cell: put each person on a row of their own."
    if "@" not in address:
        return "This is not an email address: it has no @ sign."
    if len(address) > 254 or not _SHAPE.fullmatch(address) or ".." in address:
        return "This is not an email address: check it for typing mistakes."
    return None


def fold(address: str) -> str:
    """Give the form in which two spellings of one address are equal: case and spaces only."""
    return address.strip().casefold()


def widen(folded: str) -> str:
    """Give the inbox of a folded address: without a plus tag, and on Gmail without dots.

    However its letters are written: composed or not, wide or narrow, and a domain in its own script or as `xn--…`.
    """
    local, _, domain = folded.rpartition("@")
    if not folded.isascii() or "xn--" in domain:
        local, domain = _letters(local), _letters(".".join(map(_in_own_script, domain.split("."))))
    local = local.partition("+")[0] or local
    if domain in GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _letters(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _in_own_script(label: str) -> str:
    """Give a label of a domain as its owner writes it (RFC 3492); what cannot be read stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def is_role_mailbox(folded: str) -> bool:
    """Tell whether the inbox belongs to an office or a role, so that several people may read it."""
    local = folded.partition("@")[0].partition("+")[0]
    return re.sub(r"[^a-z]", "", local) in ROLE_MAILBOXES


def keyed(chain: Sequence[bytes], text: str) -> bytes:
    """Give the 16-byte keyed hash of a text: HMAC-SHA-256 (RFC 2104), cut to half, once for each key.

    The keys form a chain: a rotation adds one and hashes the hashes, so it needs no address (decision 0004).
    """
    value = text.encode()
    for key in chain:
        value = hmac.digest(key, value, hashlib.sha256)[:16]
    return value


def mask(address: str) -> str:
    """Show enough of an address for its owner to know it: `j•••@g•••.com`."""
    local, _, domain = address.partition("@")
    name, dot, ending = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••{dot}{ending}"
