"""What imports hold of people: the files they came in, and rows that were left out. Undo works from records instead."""

from __future__ import annotations

from django.db.models import Q

from crm.holdings import Gone, register
from crm.models import Record
from crm.sql import erasing
from imports.models import Import, StagedRow

_NOT_READ = (Import.State.ASKING, Import.State.READING)
_GONE = "Somebody who may be in it asked to be removed, so the file was deleted. Bring it again."
_THEIRS = """
    s.organisation_id = %(organisation)s
    AND (s.mailbox = ANY(%(mailboxes)s) OR s.folded = ANY(%(addresses)s)
         OR lower(trim(s.first_name || ' ' || s.last_name)) = ANY(%(names)s))
"""
_PROBLEMS = f"""
    DELETE FROM imports_problem p
    WHERE p.organisation_id = %(organisation)s
      AND (EXISTS (SELECT FROM imports_stagedrow s WHERE s.file_id = p.file_id AND s.line = p.line AND {_THEIRS})
           OR EXISTS (SELECT FROM crm_record r JOIN imports_import i ON i.batch_id = r.batch_id
                      WHERE r.supporter_id = ANY(%(entries)s) AND i.id = p.file_id AND r.line = p.line)
           OR EXISTS (SELECT FROM unnest(%(addresses)s::text[]) f WHERE position(f IN lower(p.value)) > 0))
"""
_ROWS = f"DELETE FROM imports_stagedrow s WHERE {_THEIRS}"


def forget(gone: Gone) -> None:
    """Delete the kept files, rows and cells that hold these people. Platform scope, before their records go.

    A file that could not be read may hold anybody, and is of no use: it goes as well. So does one that is not read
    yet, with the cells of it that an admin is shown.
    """
    batches = Record.objects.filter(supporter__in=gone.entries, batch__isnull=False).values("batch")
    rows = StagedRow.objects.filter(organisation=gone.organisation_id).filter(
        Q(mailbox__in=gone.mailboxes) | Q(folded__in=gone.addresses)
    )
    files = (
        Import.objects.filter(organisation=gone.organisation_id)
        .exclude(file="")
        .filter(
            Q(batch__in=batches)
            | Q(pk__in=rows.values("file"))
            | Q(state__in=[Import.State.REFUSED, *_NOT_READ])
        )
    )
    for found in files.select_for_update():
        if found.state in _NOT_READ:
            Import.objects.filter(pk=found.pk).update(state=Import.State.REFUSED, trouble=_GONE)
        delete_file(found)
    erasing.run(_PROBLEMS, gone)
    erasing.run(_ROWS, gone)


def delete_file(found: Import) -> None:
    """Delete an import's file, and the cells of it that an admin was shown; rows, digest and counts stay."""
    found.file.delete(save=False)
    Import.objects.filter(pk=found.pk).update(file="", look={})


register(
    forget=forget,
    left_out={
        "imports_stagedrow": "rows on their way into the list, or left out of it; they go with their file",
        "imports_problem": "cells that were left out; they go with their file",
        "imports_import": "the file as it came: what it says of the person is in the pack",
    },
)
