"""The pages of imports, for admins: bring a file, see what would happen, and only then let it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm import wall
from crm.access import admin_required
from crm.middleware import StaffRequest
from crm.models import Statement
from crm.pages import page
from crm.wakeups import wake
from imports import (
    change_words,
    choosing,
    examples,
    later,
    mending,
    petitions,
    reporting,
    services,
    tasks,
    undoing,
    words,
)
from imports.columns_form import ColumnsForm
from imports.forms import ImportForm, LaterForm, StopForm
from imports.mapping import Mapping
from imports.models import Import, ImportChunk, Problem

PAGE, PROBLEMS = 50, 100
# The numbers of the preview, or of what was done, are shown.
_COUNTED = (
    Import.State.PREVIEWED,
    Import.State.DOUBTED,
    Import.State.APPLIED,
    Import.State.PROVING,
    Import.State.PROVEN,
    Import.State.GRANTING,
    Import.State.WEIGHING,
    Import.State.WEIGHED,
)


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
    is_sent = request.method == "POST"
    form = ImportForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        organisation=staff.organisation,
    )
    if is_sent and form.is_valid():
        try:
            made = _upload(staff, form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            wake(tasks.read, made.pk)
            return redirect("import", made.public_id)
    return render(request, "imports/add.html", {"form": form})


@admin_required
def stop(request: HttpRequest) -> HttpResponse:
    """Paste addresses that must not be mailed; they become an import that is checked like any other."""
    staff = cast(StaffRequest, request)
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.upload_stops(
                organisation=staff.organisation,
                addresses=form.cleaned_data["addresses"],
                user=staff.user,
            )
        except ValidationError as error:
            form.add_error(None, " ".join(error.messages))
        else:
            wake(tasks.read, made.pk)
            return redirect("import", made.public_id)
    return render(request, "imports/stop.html", {"form": form})


def _upload(staff: StaffRequest, said: dict[str, Any]) -> Import:
    return services.upload(
        organisation=staff.organisation,
        name=said["file"].name,
        content=said["file"],
        statement=said["statement"],
        collected_on=said["collected_on"],
        adults_only=said["adults_only"],
        user=staff.user,
    )


def _find(request: HttpRequest, public_id: uuid.UUID) -> Import:
    organisation = cast(StaffRequest, request).organisation
    return get_object_or_404(
        Import.objects.select_related(
            "organisation",
            "statement",
            "uploaded_by",
            "started_by",
            "seconded_by",
            "undo_asked_by",
            "later_by",
        ),
        public_id=public_id,
        organisation=organisation,
    )


@admin_required
def show(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show where an import stands: being read, what it would do, being applied, what it did."""
    file = _find(request, public_id)
    context: dict[str, Any] = {"file": file, "rows": file.counts.get("rows", 0)}
    if file.state == Import.State.APPLYING:
        applied = ImportChunk.objects.filter(file=file, applied_at__isnull=False).count()
        context["done"] = min(applied * services.STRETCH, context["rows"])
    if file.state == Import.State.UNDOING:
        undone = ImportChunk.objects.filter(file=file, undone_at__isnull=False).count()
        context["done"] = min(undone * services.STRETCH, context["rows"])
    if file.state == Import.State.GRANTING:
        given = ImportChunk.objects.filter(file=file, later_at__isnull=False).count()
        context["done"] = min(given * services.STRETCH, context["rows"])
    if file.state == Import.State.REFUSED:
        context["petition"] = petitions.of(file)
    if later.may_be_given(file):
        context["later_form"] = LaterForm(organisation=file.organisation)
    if file.state == Import.State.PROVEN:
        context["later_wording"] = Statement.objects.get(pk=file.later["statement"])
        context["later_day"] = later.day(file)
    if file.state in _COUNTED:
        context |= {
            "people": words.people(file),
            "permission": words.permission(file),
            "problems": Problem.objects.filter(file=file).order_by("line", "pk")[:PROBLEMS],
            "refused": file.counts.get("refused", 0),
            "most": mending.MOST,
            "wording": file.statement,
        }
    context["may_second"] = cast(StaffRequest, request).user.pk not in (_first_admin(file), None)
    if file.state in (Import.State.PREVIEWED, Import.State.DOUBTED):
        with wall.elevated("keeper"):  # staged rows carry the hashes, which staff may not read
            context |= {
                "sample": words.sample(file),
                "repeated": words.repeated(file),
                "changes": change_words.told(file),
            }
    if file.state == Import.State.ASKING:
        context["form"] = _columns(file)
    return render(request, "imports/import.html", context)


def _first_admin(file: Import) -> int | None:
    """Give whom another admin has to agree with."""
    if file.state == Import.State.PROVEN:
        return file.later_by_id
    return file.undo_asked_by_id if file.undo else file.started_by_id


def _columns(file: Import, data: QueryDict | None = None) -> ColumnsForm:
    """Give the page *Which column is what*, with what it follows for some rows."""
    form = ColumnsForm(
        data,
        look=file.look,
        said=Mapping.from_json(file.mapping),
        vocabulary=choosing.vocabulary(file),
    )
    form.show_examples(lambda said: examples.of_file(file, said))
    return form


@admin_required
@require_POST
def columns(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take what an admin says of the columns, look at another sheet, or go back to the question."""
    file, step = _find(request, public_id), request.POST.get("step", "")
    if step == "change":
        file = choosing.change(file=file)
    elif step == "sheet":
        file = choosing.choose_sheet(file=file, sheet=request.POST.get("sheet", ""))
    elif file.state == Import.State.ASKING:
        form = _columns(file, request.POST)
        if not form.is_valid():
            return render(request, "imports/import.html", {"file": file, "form": form})
        user = cast(StaffRequest, request).user
        file = choosing.confirm(file=file, said=form.mapping(), user=user)
    if file.state in (Import.State.UPLOADED, Import.State.READING):
        wake(tasks.read, file.pk)
    return redirect("import", file.public_id)


@admin_required
@require_POST
def apply(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Let a previewed import happen; a second click changes nothing."""
    file = _find(request, public_id)
    try:
        file = services.start(
            file=file,
            origin=request.POST.get("origin", ""),
            user=cast(StaffRequest, request).user,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if file.state == Import.State.APPLYING:
            wake(tasks.apply, file.pk)
    return redirect("import", file.public_id)


@admin_required
@require_POST
def wording(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask what a wording that is given later would do, let it be given once that is known, or leave it after all."""
    file, user = _find(request, public_id), cast(StaffRequest, request).user
    step = request.POST.get("step", "")
    try:
        if step == "ask":
            form = LaterForm(request.POST, organisation=file.organisation)
            if not form.is_valid():
                raise ValidationError([error for found in form.errors.values() for error in found])
            said = form.cleaned_data
            file = later.ask(
                file=file,
                statement=said["statement"],
                collected_on=said["collected_on"],
                user=user,
            )
        elif step == "leave":
            file = later.cancel(file=file)
        elif step == "give":
            file = later.confirm(file=file, user=user, number=_number(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    if file.state == Import.State.PROVING:
        wake(tasks.prove_wording, file.pk)
    elif file.state == Import.State.GRANTING:
        wake(tasks.give_wording, file.pk)
    return redirect("import", file.public_id)


@admin_required
@require_POST
def undo(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask for an import to be undone, let it be once it was weighed, or leave it after all."""
    file, user = _find(request, public_id), cast(StaffRequest, request).user
    step = request.POST.get("step", "")
    try:
        if step == "ask":
            file = undoing.ask(file=file, user=user)
        elif step == "leave":
            file = undoing.cancel(file=file)
        elif step == "undo":
            file = undoing.confirm(file=file, user=user, number=_number(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    if file.state == Import.State.WEIGHING:
        wake(tasks.weigh_undo, file.pk)
    elif file.state == Import.State.UNDOING:
        wake(tasks.undo, file.pk)
    return redirect("import", file.public_id)


def _number(request: HttpRequest) -> int | None:
    typed = "".join(request.POST.get("number", "").replace(",", "").split())
    return int(typed) if typed.isdecimal() else None


@admin_required
def rows_to_mend(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the rows that were left out as a workbook, to be mended and brought again."""
    file = _find(request, public_id)
    with wall.elevated("keeper"):
        workbook = mending.workbook(file)
    return _attached(workbook, "rows-to-mend.xlsx")


@admin_required
def report(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the report of an import as a workbook."""
    file = _find(request, public_id)
    if not file.counts:
        raise Http404
    return _attached(reporting.workbook(file), "import.xlsx")


@admin_required
def signatures(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the signatures of a petition, which is no list of people, by constituency as a workbook."""
    petition = petitions.of(_find(request, public_id))
    if petition is None:
        raise Http404
    return _attached(petitions.workbook(petition), "signatures.xlsx")


def _attached(workbook: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(
        workbook,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
