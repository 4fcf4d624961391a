"""Exports: asking for one with a reason, and fetching one's own within a day."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import Q
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm import tasks
from crm.forms.exports import ExportForm
from crm.middleware import StaffRequest
from crm.models import Export
from crm.services import audit
from crm.services import exports as services
from crm.wakeups import wake

SHOWN = 50
_TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def exports(request: StaffRequest) -> HttpResponse:
    """List one's own exports, the newest first."""
    own = Export.objects.filter(organisation=request.organisation, requested_by=request.user)
    return render(request, "crm/exports.html", {"exports": own.order_by("-pk")[:SHOWN]})


def add(request: StaffRequest) -> HttpResponse:
    """Ask for an export."""
    form = ExportForm(
        request.POST or None,
        initial={"segment": request.GET.get("segment")},
        organisation=request.organisation,
    )
    if request.method == "POST" and form.is_valid():
        made = services.request(
            organisation=request.organisation, user=request.user, **form.cleaned_data
        )
        wake(tasks.make_export, made.pk)
        messages.success(request, "It is being made. Load this page again in a minute.")
        return redirect("exports")
    return render(request, "crm/add_export.html", {"form": form})


@require_safe
def download(request: StaffRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """Hand over a file to the one who asked for it, for a day; each time is noted."""
    export = get_object_or_404(
        Export.objects.filter(Q(kept_until__gt=timezone.now())),
        public_id=public_id,
        organisation=request.organisation,
        requested_by=request.user,
        state=Export.State.READY,
    )
    audit.exported(what="fetched", people=export.people or 0, reason=export.reason)
    return FileResponse(
        export.file.open("rb"),
        as_attachment=True,
        filename=f"people.{export.format}",
        content_type=_TYPES[Export.Format(export.format)],
    )
