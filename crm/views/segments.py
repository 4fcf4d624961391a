"""Segments: their rules in words, how many they mean, and how many of those may be mailed."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm import consent, segments
from crm.forms.people import TagForm
from crm.forms.segments import MATCH, SegmentForm
from crm.middleware import StaffRequest
from crm.models import Organisation, Purpose, Segment
from crm.reasons import sentences
from crm.services import people as services

SAMPLE = 20


def segment_list(request: HttpRequest) -> HttpResponse:
    """List the segments of one's own organisation."""
    staff = cast(StaffRequest, request)
    found = Segment.objects.filter(organisation=staff.organisation)
    rows = [(segment, segments.describe(segment.rules)) for segment in found]
    return render(request, "crm/segments.html", {"rows": rows})


def _find(request: HttpRequest, public_id: uuid.UUID) -> Segment:
    organisation = cast(StaffRequest, request).organisation
    return get_object_or_404(Segment, public_id=public_id, organisation=organisation)


def edit(request: HttpRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """Make a segment, or change one."""
    staff = cast(StaffRequest, request)
    segment = _find(request, public_id) if public_id else None
    form = SegmentForm(request.POST or None, organisation=staff.organisation, segment=segment)
    if request.method == "POST" and form.is_valid():
        return redirect("segment", form.save().public_id)
    return render(request, "crm/edit_segment.html", {"form": form, "segment": segment})


def segment(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show whom a segment means now."""
    staff = cast(StaffRequest, request)
    found = _find(request, public_id)
    context: dict[str, Any] = {
        "segment": found,
        "rules": segments.describe(found.rules),
        "match": dict(MATCH)[found.rules.get("match", "all")],
        "tag_form": TagForm(),
        **_size(staff.organisation, found),
    }
    return render(request, "crm/segment.html", context)


def _size(organisation: Organisation, found: Segment) -> dict[str, Any]:
    """Count those meant and those permitted, and give a sample, for the first type of email."""
    purpose = Purpose.objects.filter(organisation=organisation).first()
    if purpose is None:
        return {}
    question = consent.Question(purpose.pk, suitable_for_under_18=True)
    sample = segments.addresses(organisation, found, question).select_related(
        "supporter__canonical"
    )
    return {
        "purpose": purpose,
        "size": segments.size(organisation, found, question),
        "sample": [(point, sentences(point.reasons)) for point in sample[:SAMPLE]],
    }


@require_POST
def tag_all(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give everyone whom the segment means a tag."""
    staff = cast(StaffRequest, request)
    found = _find(request, public_id)
    form = TagForm(request.POST)
    if form.is_valid():
        meant = segments.members(staff.organisation, found).values_list("pk", flat=True)
        tagged = services.tag_supporters(
            organisation=staff.organisation,
            tag_name=form.cleaned_data["tag"],
            supporter_ids=list(meant),
        )
        messages.success(request, f"{tagged:,} people got the tag.")
    else:
        messages.error(request, "Give the tag a name.")
    return redirect("segment", found.public_id)


@require_POST
def delete(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Delete a segment that no campaign uses."""
    found = _find(request, public_id)
    try:
        found.delete()
    except ProtectedError:
        messages.error(request, "A campaign uses this segment, so it is kept.")
        return redirect("segment", found.public_id)
    messages.success(request, "The segment is deleted. The people stay on the list.")
    return redirect("segments")
