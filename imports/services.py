"""An import's way: uploaded, read and previewed, applied in repeatable stretches."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, BinaryIO, cast

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from crm import wall
from crm.models import Batch, Organisation, Role, Statement, Topic, User
from crm.services import permissions, profiles
from crm.sql import statistics
from imports import meaning, reading, staging
from imports.foreign import Others
from imports.mapping import Mapping
from imports.models import IN_FORCE, Import, ImportChunk, Problem, StagedRow
from imports.rules import Rules
from imports.sql import applying, changes, outlook, permission, staged, stretch

log = logging.getLogger(__name__)
STRETCH = 10_000  # lines in one transaction: somebody who says stop may wait for its last seconds
_BEFORE_APPLYING = (Import.State.UPLOADED, Import.State.READING, Import.State.PREVIEWED)
SHORTEST_ORIGIN = 20  # letters: a sentence, not "yes"
# What the counts of a preview are called, on pages and on the command line alike.
LABELS = {
    "rows": "rows read",
    "new": "new people",
    "changed": "people we have, with something new",
    "unchanged": "people we have, nothing new",
    "repeated": "repeated inside the file",
    "refused": "rows with a mistake, left out",
    "yes": "say yes, with a date",
    "yes_undated": "say yes without a date: no permission",
    "no": "say no",
    "bouncing": "addresses from which mail came back",
    "not_said": "say nothing about email: no permission",
    "problems": "cells to look at",
}


def upload(
    *,
    organisation: Organisation,
    name: str,
    content: BinaryIO,
    statement: Statement | None,
    collected_on: date | None,
    adults_only: bool,
    user: User | None,
) -> Import:
    """Keep a file and what the admin says of it, to be read; give the import.

    Raises ValidationError, in a sentence, if the same file was imported in the same way before, or the
    wording does not name the organisation.
    """
    if statement:
        check_wording(statement, organisation)
    if collected_on and collected_on > timezone.localdate():
        raise ValidationError({"collected_on": "This date is in the future."})
    digest = _digest(content, statement, collected_on, adults_only)
    known = Import.objects.filter(
        organisation=organisation,
        digest=digest,
        state__in=IN_FORCE,
    ).first()
    if known is not None:
        day = f"{known.created_at:%d %B %Y}"
        raise ValidationError(
            {"file": f"This file was imported already, on {day}. Nothing was changed."}
        )
    with transaction.atomic():
        batch = Batch.objects.create(organisation=organisation, label=name[:200], created_by=user)
        return Import.objects.create(
            organisation=organisation,
            batch=batch,
            name=name[:200],
            file=File(content, name=f"{batch.public_id}"),
            digest=digest,
            statement=statement,
            collected_on=collected_on,
            adults_only=adults_only,
            uploaded_by=user,
        )


def upload_stops(
    *, organisation: Organisation, addresses: Sequence[str], user: User | None
) -> Import:
    """Keep addresses that must not be mailed as a file that says so, to be read like any other.

    Raises ValidationError as `upload` does.
    """
    quoted = (address.replace('"', "") for address in addresses)
    lines = ["Email,Unsubscribed", *(f'"{address}",yes' for address in quoted)]
    return upload(
        organisation=organisation,
        name=f"Addresses to stop, {timezone.localdate():%d %B %Y}.csv",
        content=io.BytesIO("\n".join(lines).encode()),
        statement=None,
        collected_on=None,
        adults_only=False,
        user=user,
    )


def check_wording(statement: Statement, organisation: Organisation) -> None:
    """Refuse a wording that cannot carry this organisation's permission: joint mail needs every partner named."""
    needed = Organisation.objects.filter(pk=organisation.pk)
    if not organisation.is_partner:
        needed = Organisation.objects.filter(is_partner=True)
    missing = needed.exclude(pk__in=statement.organisations.values("pk"))
    if missing and organisation.is_partner:
        raise ValidationError({"statement": "This wording does not name your organisation."})
    if missing:
        names = " and ".join(missing.values_list("name", flat=True))
        raise ValidationError({"statement": f"This wording does not name {names}."})
    if not statement.purposes.filter(organisation=organisation).exists():
        raise ValidationError(
            {"statement": "This wording speaks of no type of email. Choose another."}
        )


def _digest(
    content: BinaryIO, statement: Statement | None, collected_on: date | None, adults_only: bool
) -> str:
    """Name the file and the way it is read, so that the same thing twice is known."""
    total = hashlib.sha256()
    while block := content.read(1 << 20):
        total.update(block)
    content.seek(0)
    way = [statement.pk if statement else None, str(collected_on or ""), adults_only]
    total.update(json.dumps(way).encode())
    return total.hexdigest()


def preview(*, file: Import) -> Import:
    """Read a file into staged rows and count what importing it would do. Writes nothing to people.

    A file that cannot be read becomes REFUSED with a sentence. Safe to repeat.
    """
    with wall.scope("keeper", organisation_id=file.organisation_id):
        mine = Import.objects.select_for_update(skip_locked=True).filter(pk=file.pk).first()
        if mine is None or mine.state not in _BEFORE_APPLYING:
            return mine or file  # another worker is at it, or it is done
        file = mine
        StagedRow.objects.filter(file=file).delete()
        Problem.objects.filter(file=file).delete()
        try:
            with transaction.atomic():
                found = _stage(file)
            file.trouble = ""
        except OperationalError:
            raise  # the database, not the file: the sweep tries again
        except Exception as error:
            file.state, file.trouble = Import.State.REFUSED, why(file, error)
            file.save(update_fields=["state", "trouble"])
            return file
        statistics.refresh("imports_stagedrow (file_id, line, refused)")  # what rows are asked by
        stretch.open_(file.pk, 1, found.last)
        foretold = permission.foretell(file.statement_id)
        file.counts = {
            **outlook.counts(file.pk),
            **foretold,
            "changes": changes.foretell(),
            "repeats": outlook.repeated(),
            "known": outlook.known([line for line, _ in foretold["sample"]]),
            "problems": Problem.objects.filter(file=file).count(),
            "columns": found.columns,
            "foreign": found.signs,
        }
        stretch.close()
        file.state = Import.State.PREVIEWED
        file.save(update_fields=["state", "counts", "preset", "trouble"])
        return file


def why(file: Import, error: Exception) -> str:
    """Say why a file cannot be read. What nobody foresaw is logged by its kind only: cells are personal data."""
    if isinstance(error, reading.UnreadableError):
        return str(error)
    log.error("import %s could not be read: %s", file.public_id, type(error).__name__)
    return (
        "Something in this file stopped us, and we did not foresee it. Save it as a new .xlsx or CSV file and "
        "upload that. If it happens again, tell whoever looks after Coalesce the name of the file and the time."
    )


@dataclass(frozen=True, slots=True)
class _Staged:
    """What staging found: the last line, what each sheet's columns were taken for, and whose list it looks like."""

    last: int
    columns: list[dict[str, Any]]
    signs: list[str]


def _stage(file: Import) -> _Staged:
    """Stage every row of the file."""
    rules = rules_of(file)
    line, columns, signs = 0, [], list[str]()
    with file.file.open("rb") as content:
        for sheet in reading.sheets(file.name, cast(BinaryIO, content), chosen=rules.mapping.sheet):
            reader = staging.Reader(sheet, rules)
            file.preset = reader.preset.code
            if not reader.columns["email"]:
                raise reading.UnreadableError(no_addresses(sheet))
            columns.append(reader.understood())
            rows = reader.rows(line + 1)
            while chunk := list(islice(rows, STRETCH)):
                staged.write(file.organisation_id, file.pk, chunk)
                line = chunk[-1].line
            signs += rules.others.signs(
                file_name=file.name,
                sheet=sheet.name,
                headings=sheet.headings,
                preset=reader.preset,
                owners=reader.owners,
            )
    if not line:
        raise reading.UnreadableError(
            "There are no people in this file, only headings. Upload one with a row for each person."
        )
    return _Staged(line, columns, list(dict.fromkeys(signs)))


def rules_of(file: Import) -> Rules:
    """Give what holds for all rows of a file: what was said of it, and the words for roles and topics. Keeper scope."""
    return Rules(
        now=timezone.now(),
        collected_on=file.collected_on,
        adults_only=file.adults_only,
        synonyms=_synonyms(),
        others=Others.of(file.organisation),
        mapping=Mapping.from_json(file.mapping),
        roles=dict(Role.objects.filter(is_special=False).values_list("code", "pk")),
        topics={
            meaning.folded_word(name): number
            for name, number in Topic.objects.filter(organisation=file.organisation_id).values_list(
                "name", "pk"
            )
        },
    )


def no_addresses(sheet: reading.Sheet) -> str:
    """Say why nobody in a sheet can be found: it has no headings, or none for an address."""
    if any("@" in heading for heading in sheet.headings):
        return f"The first row of {sheet.name} is a person. Add a row of headings above, and upload it again."
    found = ", ".join(heading for heading in sheet.headings if heading)[:200]
    return (
        f"{sheet.name} has no column of email addresses, only {found}. "
        "Name one column “Email” and upload it again."
    )


def _synonyms() -> dict[str, int]:
    """Give the words that mean a role. A role that is special-category data needs its own consent first."""
    found: dict[str, int] = {}
    for role in Role.objects.filter(is_special=False):
        for word in [role.label, role.code, *role.synonyms.splitlines()]:
            found.setdefault(meaning.folded_word(word), role.pk)
    return found


def start(*, file: Import, origin: str = "", user: User | None = None) -> Import:
    """Take a previewed import's order to be applied: cut it into stretches. The second time does nothing.

    A file in which nearly everyone says yes on one day waits for a second admin. `origin`: where a file that looks
    like another partner's list comes from, in words that are kept. Raises ValidationError where that is missing,
    or if the second admin is the first one again.
    """
    origin = " ".join(origin.split())
    try:
        with transaction.atomic(), wall.elevated("keeper"):
            file = Import.objects.select_for_update().get(pk=file.pk)
            if file.state not in (Import.State.PREVIEWED, Import.State.DOUBTED):
                return file
            if file.counts.get("foreign") and len(file.origin or origin) < SHORTEST_ORIGIN:
                raise ValidationError(
                    "This looks like another organisation’s list. Say in a sentence where it comes from "
                    "and why it is yours."
                )
            file.origin = file.origin or origin[:500]
            if _awaits_another(file, user):
                return file
            file.state = Import.State.APPLYING
            file.save(update_fields=["state", "origin", "started_by", "seconded_by"])
            ImportChunk.objects.bulk_create(
                ImportChunk(file=file, first=first, last=first + STRETCH - 1)
                for first in range(1, _last_line(file) + 1, STRETCH)
            )
    except IntegrityError as error:
        raise ValidationError("This file is being imported already.") from error
    return file


def _awaits_another(file: Import, user: User | None) -> bool:
    """Note who lets a file be imported; tell whether somebody else has to as well."""
    if file.state == Import.State.PREVIEWED:
        file.started_by = user
        if not file.counts.get("one_day"):
            return False
        file.state = Import.State.DOUBTED
        file.save(update_fields=["state", "origin", "started_by"])
        return True
    if user is None or file.started_by_id in (None, user.pk):
        raise ValidationError(
            "Nearly everyone in this file says yes on one day. Another admin must look at it and import it."
        )
    file.seconded_by = user
    return False


def _last_line(file: Import) -> int:
    return StagedRow.objects.filter(file=file).order_by("-line").values_list("line", flat=True)[0]


def apply(*, file: Import) -> Import:
    """Apply every stretch of an import that is not applied yet, each in a transaction of its own.

    Can be stopped anywhere and called again: a stretch is written whole or not at all.
    """
    scope = {"organisation_id": file.organisation_id}
    with wall.scope("keeper", **scope):
        chunks = list(ImportChunk.objects.filter(file=file, applied_at=None).order_by("first"))
    for number, chunk in enumerate(chunks, start=1):
        with wall.scope("keeper", **scope):
            if not _apply_chunk(file, chunk, written=number * STRETCH):
                break  # another worker is at this import: leave it to them
    with wall.scope("keeper", **scope):
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == Import.State.APPLYING and not ImportChunk.objects.filter(
            file=file, applied_at=None
        ):
            file.state = Import.State.APPLIED
            file.save(update_fields=["state"])
            Batch.objects.filter(pk=file.batch_id).update(
                applied_at=timezone.now(), without_wording=without_wording(file)
            )
            StagedRow.objects.filter(file=file, refused=False).delete()
        return file


def without_wording(file: Import) -> int:
    """Count the rows that say yes to words which nobody had at hand."""
    if file.statement_id is not None:
        return 0
    outlooks = file.counts["permission"]
    return int(outlooks.get("no_wording", 0)) + int(outlooks.get("undated", 0))


def _apply_chunk(file: Import, chunk: ImportChunk, *, written: int) -> bool:
    """Write one stretch, with which `written` lines are; give False if somebody else did, or is doing so."""
    waiting = ImportChunk.objects.filter(pk=chunk.pk, applied_at=None)
    if not waiting.select_for_update(skip_locked=True).exists():
        return False
    applying.wait_for_turn(file.organisation_id)
    stretch.open_(file.pk, chunk.first, chunk.last)
    mine = applying.Stretch(file.pk, file.organisation_id, file.batch_id, file.statement_id)
    applying.apply(mine)
    statistics.refresh_people(written=written)
    touched = applying.touched(mine)
    profiles.refresh(supporter_ids=touched.to_choose, reached=touched.reached)
    permissions.refold(supporter_ids=touched.supporters, mailboxes=touched.mailboxes)
    stretch.close()
    ImportChunk.objects.filter(pk=chunk.pk).update(applied_at=timezone.now())
    return True
