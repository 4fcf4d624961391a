"""After a backup was restored, no mail goes out until the refusals made since are back (scenario 75).

The journal of refusals lies outside the database. While it says more than the database does, the database is older.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from django.conf import settings
from django.utils import timezone

from crm import hashing, wall
from crm.journal import Journal, Line
from crm.models import (
    Action,
    ConsentEvent,
    HashChain,
    JournalMark,
    Organisation,
    PlatformStop,
    Purpose,
    Reach,
    Source,
    Supporter,
    WaitingRefusal,
)
from crm.services import erasing, permissions
from crm.sql.journal import begin_anew

AT_ONCE = 5_000  # refusals written in one go


class JournalError(Exception):
    """Nothing was changed; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was put back."""

    refusals: int = 0
    erasures: int = 0
    flags: int = 0


def journal() -> Journal:
    """Give this installation's journal: only workers need to reach it."""
    return Journal(settings.COALESCE_HOME / "refusals" / "journal.jsonl")


def is_behind() -> bool:
    """Tell whether the database is not as new as the journal, so that no mail may go out. Platform scope."""
    return journal().last() != JournalMark.objects.values_list("line", flat=True).get()


def write_journal() -> int:
    """Write all refusals that wait to the journal; give how many. Each minute."""
    written = 0
    while step := _write_some():
        written += step
    return written


def _write_some() -> int:
    """Write a stretch of what waits, one worker at a time.

    A worker that dies in between leaves lines that the database does not know of, and the same refusals still waiting:
    they are written again. Lines that it knows nothing of mean that a backup was restored: then nothing is written.
    """
    with wall.scope("platform"):
        mark, file = JournalMark.objects.select_for_update().get(), journal()
        if file.last() != mark.line and not _is_unfinished(file, mark):
            if mark.behind_since is None:
                mark.behind_since = timezone.now()
                mark.save(update_fields=["behind_since"])
            return 0
        file.cut_after(mark.line)
        waiting = list(WaitingRefusal.objects.order_by("pk")[:AT_ONCE])
        if waiting:
            key = HashChain.objects.values_list("key_id", flat=True).get()
            file.add([_line(row, n, key) for n, row in enumerate(waiting, start=mark.line + 1)])
            WaitingRefusal.objects.filter(pk__in=[row.pk for row in waiting]).delete()
        mark.line, mark.behind_since = mark.line + len(waiting), None
        mark.save(update_fields=["line", "behind_since"])
    return len(waiting)


def _is_unfinished(file: Journal, mark: JournalMark) -> bool:
    """Tell whether all that the journal says more still waits in the database: nothing is missing then."""
    if file.last() < mark.line:
        return False
    waiting = {_line(row, 0, "").content for row in WaitingRefusal.objects.iterator()}
    return all(line.content in waiting for line in file.after(mark.line))


def _line(row: WaitingRefusal, number: int, key: str) -> Line:
    return Line(
        n=number,
        organisation=row.organisation_code,
        mailbox=bytes(row.mailbox).hex() if row.mailbox else "",
        key=key,
        purpose=row.purpose_code,
        action=row.action or 0,
        flag=row.flag,
        entry=str(row.entry or ""),
        at=row.at.isoformat(),
    )


def replay(*, without_journal: bool = False) -> Replayed:
    """Put back every refusal, erasure and restriction that the journal knows of and the database does not.

    One transaction; again: no change. Afterwards mail may go out. `without_journal`: the journal is lost, and an
    admin accepts it; a new one begins with all that the database knows. Raises JournalError.
    """
    with wall.scope("platform"):
        mark, file = JournalMark.objects.select_for_update().get(), journal()
        last = file.last()
        if last < mark.line and not without_journal:
            raise JournalError(
                f"The journal of refusals ends at line {last}, and the database knows {mark.line}. Put back the "
                f"folder {file.path.parent} from its backup. If it is lost, run this with --without-journal: "
                "refusals made since the backup are lost then, so tell your data-protection lead."
            )
        if last < mark.line:
            begin_anew()
        lines = list(file.after(mark.line)) if last > mark.line else []
        done = Replayed(
            erasures=_erase_again(lines), refusals=_refuse_again(lines), flags=_flag_again(lines)
        )
        mark.line, mark.behind_since = last, None
        mark.save(update_fields=["line", "behind_since"])
    return done


def _erase_again(lines: Sequence[Line]) -> int:
    entries = [line.entry for line in lines if line.action == Action.ERASED and line.entry]
    found = Supporter.objects.filter(public_id__in=entries, erased_at=None)
    people: dict[int, list[int]] = defaultdict(list)
    for organisation_id, person in found.values_list("organisation_id", "pk"):
        people[organisation_id].append(person)
    for organisation_id, which in people.items():
        erasing.erase(organisation_id=organisation_id, people=which, is_wished=True)
    return sum(len(which) for which in people.values())


def _refuse_again(lines: Sequence[Line]) -> int:
    """Write the refusals of inboxes that are missing. What they were of is kept; they reach the whole inbox."""
    told = [(line, _today(line)) for line in lines if line.mailbox]
    organisations = {o.code: o.pk for o in Organisation.objects.all()}
    purposes = {(p.organisation_id, p.code): p.pk for p in Purpose.objects.all()}
    known = {
        (organisation_id, bytes(mailbox or b""), action, at)
        for organisation_id, mailbox, action, at in ConsentEvent.objects.filter(
            mailbox__in={box for _, box in told}
        ).values_list("organisation_id", "mailbox", "action", "occurred_until")
    }
    events = []
    for line, box in told:
        at = datetime.fromisoformat(line.at)
        if not line.organisation:
            _stop_again(box, at)
            continue
        where = organisations.get(line.organisation)
        if where is None or (where, box, line.action, at) in known:
            continue
        known.add((where, box, line.action, at))
        events.append(
            ConsentEvent(
                organisation_id=where,
                mailbox=box,
                reach=Reach.MAILBOX,
                purpose_id=purposes.get((where, line.purpose)),
                action=line.action,
                source=Source.SYSTEM,
                source_detail="journal",
                occurred_at=at,
                occurred_until=at,
            )
        )
    ConsentEvent.objects.bulk_create(events, batch_size=AT_ONCE)
    permissions.refold(mailboxes=sorted({box for _, box in told}))
    return len(events)


def _stop_again(mailbox: bytes, at: datetime) -> None:
    """Put back the row of *stop everything*, unless there is a later one."""
    known = PlatformStop.objects.filter(mailbox=mailbox).first()
    if known is None or known.stopped_at < at:
        PlatformStop.objects.update_or_create(
            mailbox=mailbox,
            defaults={"key_id": hashing.configured().newest, "stopped_at": at},
        )


def _flag_again(lines: Sequence[Line]) -> int:
    """Put back who asked us not to use their details, and who has died; the last word counts."""
    flags = {line.entry: line.flag for line in lines if line.flag.endswith("restricted")}
    changed = 0
    for flag, is_restricted in (("restricted", True), ("unrestricted", False)):
        entries = [entry for entry, last in flags.items() if last == flag]
        people = Supporter.objects.filter(public_id__in=entries, erased_at=None)
        changed += people.exclude(restricted=is_restricted).update(restricted=is_restricted)
    dead = [line.entry for line in lines if line.flag == "deceased"]
    people = Supporter.objects.filter(public_id__in=dead, erased_at=None, deceased=False)
    return changed + people.update(deceased=True)


def _today(line: Line) -> bytes:
    """Give the hash of a line's inbox under the newest secret: a later rotation hashed it once more (decision 0004)."""
    chain = hashing.configured()
    if line.key not in chain.ids:
        raise JournalError(
            f"The journal was written under the secret {line.key}, which COALESCE_HASH_KEY does not have. Take its "
            "value from your backup of it."
        )
    later = chain.keys[chain.ids.index(line.key) + 1 :]
    hashed = bytes.fromhex(line.mailbox)
    return reduce(lambda box, key: hmac.digest(key, box, hashlib.sha256)[:16], later, hashed)
