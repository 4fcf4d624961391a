"""The pages of imports, for admins: bring a file, see what would happen, and only then let it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm.access import admin_required
from crm.middleware import StaffRequest
from crm.models import Action
from crm.pages import page
from crm.wakeups import wake
from imports import mending, services, tasks
from imports.forms import ImportForm
from imports.models import Import, ImportChunk, Problem, StagedRow

PAGE, SAMPLE, PROBLEMS = 50, 10, 100
PEOPLE = ("new", "changed", "unchanged", "repeated", "refused")
PERMISSION = ("yes", "yes_undated", "no", "bouncing", "not_said")


@admin_required
def imports(request: HttpRequest) -> HttpResponse:
    """List the imports, the newest first."""
    organisation = cast(StaffRequest, request).organisation
    found = (
        Import.objects.filter(organisation=organisation)
        .select_related("uploaded_by")
        .order_by("-pk")
    )
    return render(request, "imports/imports.html", {"page": page(request, found, size=PAGE)})


@admin_required
def add(request: HttpRequest) -> HttpResponse:
    """Bring a file; it is read in the background."""
    staff = cast(StaffRequest, request)
    form = ImportForm(request.POST or None, request.FILES or None, organisation=staff.organisation)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data.pop("file")
        try:
            made = services.upload(
                organisation=staff.organisation,
                name=file.name,
                content=file,
                user=staff.user,
                **form.cleaned_data,
            )
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            wake(tasks.read, made.pk)
            return redirect("import", made.public_id)
    return render(request, "imports/add.html", {"form": form})


def _find(request: HttpRequest, public_id: uuid.UUID) -> Import:
    organisation = cast(StaffRequest, request).organisation
    return get_object_or_404(Import, public_id=public_id, organisation=organisation)


@admin_required
def show(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show where an import stands: being read, what it would do, being applied, what it did."""
    file = _find(request, public_id)
    chunks = ImportChunk.objects.filter(file=file)
    context: dict[str, Any] = {
        "file": file,
        "done": chunks.filter(applied_at__isnull=False).count(),
        "everything": chunks.count(),
        "people": [(_label(name), file.counts.get(name, 0), "") for name in PEOPLE],
        "permission": [(_label(name), file.counts.get(name, 0), "") for name in PERMISSION],
        "problems": Problem.objects.filter(file=file).order_by("line")[:PROBLEMS],
        "sample": [_in_words(row, file) for row in _sample(file)],
    }
    return render(request, "imports/import.html", context)


def _label(name: str) -> str:
    return services.LABELS[name].capitalize()


def _sample(file: Import) -> list[StagedRow]:
    if file.state != Import.State.PREVIEWED:
        return []
    return list(StagedRow.objects.filter(file=file, refused=False).order_by("line")[:SAMPLE])


def _in_words(row: StagedRow, file: Import) -> str:
    """Say what a row would do, as in “Row 2: Priya Okafor said yes: will be emailed by SOCR”."""
    name = f"{row.first_name} {row.last_name}".strip() or row.email
    code = file.organisation.code
    if row.action == Action.GRANT and row.occurred_at and file.statement_id:
        said = f"said yes on {row.occurred_at:%-d %B %Y}: will be emailed by {code}, unless they said stop"
    elif row.action == Action.GRANT:
        said = f"said yes, but without a wording and a date: will not be emailed by {code}"
    elif row.action:
        said = f"{Action(row.action).label}: will not be emailed by {code}"
    else:
        said = f"said nothing about email: will not be emailed by {code}"
    return f"Row {row.sheet_line}: {name} {said}."


@admin_required
@require_POST
def apply(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Let a previewed import happen; a second click changes nothing."""
    file = _find(request, public_id)
    try:
        file = services.start(file=file)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        wake(tasks.apply, file.pk)
    return redirect("import", file.public_id)


@admin_required
def rows_to_mend(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the rows that were left out as a workbook, to be mended and brought again."""
    file = _find(request, public_id)
    answer = HttpResponse(
        mending.workbook(file),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    answer["Content-Disposition"] = 'attachment; filename="rows-to-mend.xlsx"'
    return answer
