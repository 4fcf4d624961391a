"""The register of requests, complaints and incidents, for admins of the organisation they came to."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from crm.access import admin_required
from crm.forms.cases import ActForm, NewCaseForm
from crm.middleware import StaffRequest
from crm.models import Case
from crm.pages import page
from crm.services import cases as services
from crm.services import restricting

CLOSED = 50  # on one page
Do = Callable[[Case, dict[str, Any], Any], object]


@admin_required
def register(request: StaffRequest) -> HttpResponse:
    """Show what is open, the next due first, and what was closed."""
    now = timezone.now()
    found = list(services.waiting(request.organisation))
    closed = Case.objects.filter(organisation=request.organisation, closed_at__isnull=False)
    context = {
        "late": [case for case in found if case.due_at and case.due_at < now],
        "soon": [case for case in found if not case.due_at or case.due_at >= now],
        "in_a_week": now + timedelta(days=services.SOON),
        "closed": page(request, closed.order_by("-pk"), size=CLOSED),
    }
    return render(request, "crm/cases.html", context)


@admin_required
def add(request: StaffRequest) -> HttpResponse:
    """Enter a case that came by phone, letter, in person, or by an answer to an email."""
    form = NewCaseForm(request.POST or None, initial={"received_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            case = services.add(
                organisation_id=request.organisation.pk, new=form.written(), by=request.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{case.reference} is entered.")
            return redirect("case", case.public_id)
    return render(request, "crm/add_case.html", {"form": form})


@admin_required
def case(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a case: its clock, what can be done next, and its log."""
    return _show(request, find(request, public_id))


def find(request: StaffRequest, public_id: uuid.UUID) -> Case:
    """Give a case of the own organisation; another's is not there."""
    found = Case.objects.select_related("supporter__canonical")
    return get_object_or_404(found, public_id=public_id, organisation=request.organisation)


def _show(request: StaffRequest, found: Case, wrong: ActForm | None = None) -> HttpResponse:
    forms = {act: ActForm(act) for act in ActForm.FIELDS}
    if wrong is not None:
        forms[str(wrong.prefix)] = wrong
    person = found.supporter.canonical if found.supporter else None
    context = {
        "case": found,
        "person": person,
        "is_late": bool(found.due_at and found.due_at < timezone.now()),
        "notes": found.notes.select_related("by"),
        "packs": found.packs.order_by("-pk"),
        "forms": forms,
        "wrong": wrong,
        "may_pack": found.kind in (Case.Kind.ACCESS, Case.Kind.PORTABILITY),
    }
    return render(request, "crm/case.html", context)


ACTS: dict[str, tuple[Do, str]] = {
    "note": (lambda c, said, by: services.note(c, said["words"], by=by), "The note is added."),
    "acknowledge": (
        lambda c, _, by: services.acknowledge(c, by=by),
        "Acknowledged. If we have an address, an email is on its way.",
    ),
    "identity_asked": (
        lambda c, said, by: services.ask(c, "identity", on=said["on"], by=by),
        "The clock stands until they answer.",
    ),
    "identity_received": (
        lambda c, said, by: services.answered(c, "identity", on=said["on"], by=by),
        "The clock runs again.",
    ),
    "clarification_asked": (
        lambda c, said, by: services.ask(c, "clarification", on=said["on"], by=by),
        "The clock stands until they answer.",
    ),
    "clarification_received": (
        lambda c, said, by: services.answered(c, "clarification", on=said["on"], by=by),
        "The clock runs again.",
    ),
    "extend": (
        lambda c, said, by: services.extend(c, reason=said["words"], by=by),
        "There are two months more. Tell the person, and why.",
    ),
    "judge": (
        lambda c, said, by: services.judge(
            c, risk=Case.Risk(said["risk"]), words=said["words"], by=by
        ),
        "Written down.",
    ),
    "report": (lambda c, _, by: services.told(c, "reported", by=by), "Noted."),
    "tell": (lambda c, _, by: services.told(c, "people_told", by=by), "Noted."),
    "person": (
        lambda c, said, by: services.name_person(c, email=said["email"]),
        "The case is theirs now.",
    ),
    "restrict": (
        lambda c, _, by: restricting.restrict(c, by=by),
        "Their details are not used any more. Staff can only look at them.",
    ),
    "lift": (lambda c, _, by: restricting.lift(c, by=by), "Their details are used again."),
    "close": (
        lambda c, said, by: services.close(
            c, outcome=Case.Outcome(said["outcome"]), words=said["words"], by=by
        ),
        "The case is closed.",
    ),
}
ABOUT_A_PERSON = {"restrict", "lift"}


@admin_required
@require_POST
def act(request: StaffRequest, public_id: uuid.UUID, name: str) -> HttpResponse:
    """Do one thing about a case."""
    found = find(request, public_id)
    if name not in ACTS or (name in ABOUT_A_PERSON and found.supporter is None):
        raise Http404
    form = ActForm(name, request.POST)
    if not form.is_valid():
        return _show(request, found, form)
    do, done = ACTS[name]
    try:
        do(found, form.cleaned_data, request.user)
    except ValidationError as error:
        form.add_error(None, error.messages if hasattr(error, "error_dict") else error)
        return _show(request, find(request, public_id), form)
    messages.success(request, done)
    return redirect("case", found.public_id)
