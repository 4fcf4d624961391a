"""How long imported files and the rows that were left out are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.registry import Keep
from crm.retention import Rule, register
from imports.holdings import delete_file
from imports.models import Import, Problem, StagedRow

UNDO = timedelta(days=30)


def _old_imports(organisation_id: int, now: datetime) -> QuerySet[Any, Any]:
    """Give imports of 30 days ago of which the file, a row that was left out or a wrong cell is still kept."""
    kept = (
        ~Q(file="")
        | Q(Exists(StagedRow.objects.filter(file=OuterRef("pk"))))
        | Q(Exists(Problem.objects.filter(file=OuterRef("pk"))))
    )
    return Import.objects.filter(
        kept, organisation=organisation_id, created_at__lt=now - UNDO
    ).exclude(state=Import.State.APPLYING)


def _end(organisation_id: int, imports: Sequence[int]) -> None:
    """Delete the files, rows and cells. One that was never confirmed cannot be any more."""
    for found in Import.objects.filter(pk__in=imports).exclude(file=""):
        delete_file(found)
    StagedRow.objects.filter(file__in=imports).delete()
    Problem.objects.filter(file__in=imports).delete()
    never = Import.objects.filter(pk__in=imports).exclude(state=Import.State.APPLIED)
    never.update(
        state=Import.State.REFUSED,
        trouble="It was not imported within 30 days, so the file was deleted.",
    )


register(
    Rule(
        "files",
        "Imported files, and rows and cells that were left out, 30 days old: deleted",
        Keep.FILE,
        _old_imports,
        _end,
    )
)
