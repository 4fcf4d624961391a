"""Packs of what is held, removing somebody's details, recording a death, and what has had its time."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access import admin_required
from crm.forms.cases import DeathForm, ErasureForm
from crm.middleware import StaffRequest
from crm.models import Case, Pack, RetentionReport, Supporter
from crm.services import erasing, packs, restricting, retention
from crm.tasks import carry_out_erasures, carry_out_retention, make_pack
from crm.views.cases import find
from crm.wakeups import wake

TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


def _open(request: StaffRequest, public_id: uuid.UUID) -> tuple[Case, Supporter]:
    """Give an open case and the person it is about."""
    case = find(request, public_id)
    if case.supporter is None or case.closed_at or case.supporter.canonical.erased_at:
        raise Http404
    return case, case.supporter.canonical


@admin_required
@require_POST
def ask_pack(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Have a pack made."""
    case, _ = _open(request, public_id)
    wake(make_pack, packs.ask(case, by=request.user).pk)
    messages.success(request, "The pack is being made. Open this page again in a minute.")
    return redirect("case", case.public_id)


@admin_required
@require_POST
@never_cache
def download_pack(request: StaffRequest, public_id: uuid.UUID, kind: str) -> HttpResponse:
    """Give a pack's file. A POST, since the download is logged."""
    found = Pack.objects.select_related("case")
    pack = get_object_or_404(found, public_id=public_id, organisation=request.organisation)
    content = packs.read(pack, kind, by=request.user) if kind in TYPES else None
    if content is None:
        raise Http404
    answer = HttpResponse(content, content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{pack.case.reference}.{kind}"'
    return answer


@admin_required
def erase(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask a second time, and have somebody's details removed."""
    case, person = _open(request, public_id)
    form = ErasureForm(request.POST or None, reference=case.reference)
    if request.method == "POST" and form.is_valid():
        erasing.ask(case, by=request.user)
        wake(carry_out_erasures)
        messages.success(request, "Their details are being removed. It takes a minute.")
        return redirect("case", case.public_id)
    return render(request, "crm/erase.html", {"form": form, "case": case, "person": person})


@admin_required
def record_death(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record that somebody has died."""
    person = get_object_or_404(
        Supporter.objects.select_related("canonical"),
        public_id=public_id,
        organisation=request.organisation,
    ).canonical
    form = DeathForm(request.POST or None, initial={"family_contact": person.family_contact})
    if request.method == "POST" and form.is_valid():
        restricting.record_death(person=person, **form.cleaned_data)
        messages.success(request, "Recorded. No more emails go to them from us.")
        return redirect("person", person.public_id)
    return render(request, "crm/record_death.html", {"form": form, "person": person})


@admin_required
def retention_page(request: StaffRequest) -> HttpResponse:
    """Show what has had its time, by rule, and what went before."""
    reports = RetentionReport.objects.filter(organisation=request.organisation)
    reports = reports.select_related("approved_by").order_by("-pk")
    context: dict[str, Any] = {
        "waiting": next((r for r in reports[:1] if r.approved_at is None), None),
        "earlier": [
            (report, retention.in_words(report.gone))
            for report in reports.filter(approved_at__isnull=False)[:20]
        ],
    }
    if context["waiting"] is not None:
        context["rows"] = retention.in_words(context["waiting"].counts)
    return render(request, "crm/retention.html", context)


@admin_required
@require_POST
def approve_retention(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Let what a report names go."""
    report = get_object_or_404(
        RetentionReport, public_id=public_id, organisation=request.organisation
    )
    if retention.approve(report, by=request.user):
        wake(carry_out_retention)
        messages.success(request, "Approved. It goes in the background.")
    else:
        messages.info(request, "This was approved already, or there is a newer report.")
    return redirect("retention")
