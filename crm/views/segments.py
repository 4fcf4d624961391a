"""Segments: their rules in words, how many they mean, and how many of those may be mailed."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm import segments
from crm.forms.people import TagForm
from crm.forms.segments import SegmentForm
from crm.middleware import StaffRequest
from crm.models import Organisation, Segment
from crm.reasons import sentences
from crm.services import audit
from crm.services import people as services
from crm.views import permissions

SAMPLE = 20


def segment_list(request: StaffRequest) -> HttpResponse:
    """List the segments of one's own organisation, with how many people each means now."""
    names = segments.names(request.organisation)
    rows = [
        (
            found,
            segments.describe(found.rules, names),
            segments.members(request.organisation, found).count(),
        )
        for found in Segment.objects.filter(organisation=request.organisation)
    ]
    return render(request, "crm/segments.html", {"rows": rows})


def _find(request: StaffRequest, public_id: uuid.UUID) -> Segment:
    return get_object_or_404(Segment, public_id=public_id, organisation=request.organisation)


def edit(request: StaffRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """Make a segment, or change one."""
    found = _find(request, public_id) if public_id else None
    form = SegmentForm(request.POST or None, organisation=request.organisation, segment=found)
    if request.method == "POST" and form.is_valid():
        return redirect("segment", form.save().public_id)
    return render(request, "crm/edit_segment.html", {"form": form, "segment": found})


def segment(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show whom a segment means now."""
    found = _find(request, public_id)
    context: dict[str, Any] = {
        "segment": found,
        "rules": segments.describe(found.rules, segments.names(request.organisation)),
        "is_any": found.rules.get("match") == "any",
        "tag_form": TagForm(),
        **_size(request.organisation, found),
    }
    return render(request, "crm/segment.html", context)


def _size(organisation: Organisation, found: Segment) -> dict[str, Any]:
    """Count those meant and those permitted for each type of email, and give a sample."""
    purpose = permissions.main_purpose(organisation)
    if purpose is None:
        return {}
    question = permissions.question(purpose)
    decided = segments.addresses(organisation, found, question).select_related(
        "supporter__canonical"
    )
    # In an order of their own: that of the table changes with what other organisations have in it.
    sample = list(decided.order_by("pk")[:SAMPLE])
    audit.listed(people=[point.supporter.canonical for point in sample], page="segment")
    return {
        "purpose": purpose,
        "size": segments.size(organisation, found, question),
        "sample": [
            (point, permissions.badge(point.reasons), sentences(point.reasons)) for point in sample
        ],
    }


@require_POST
def tag_all(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give everyone whom the segment means a tag."""
    found = _find(request, public_id)
    form = TagForm(request.POST)
    if form.is_valid():
        name = form.cleaned_data["tag"]
        meant = segments.members(request.organisation, found).values_list("pk", flat=True)
        tagged = services.tag_supporters(
            organisation=request.organisation, tag_name=name, supporter_ids=list(meant)
        )
        who = "1 person" if tagged == 1 else f"{tagged:,} people"
        messages.success(request, f"{who} got the tag {name}. Those who had it already keep it.")
    else:
        messages.error(request, "Give the tag a name of 80 characters or fewer.")
    return redirect("segment", found.public_id)


@require_POST
def delete(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Delete a segment that no campaign uses."""
    found = _find(request, public_id)
    try:
        found.delete()
    except (ProtectedError, RestrictedError):
        messages.error(request, "A campaign uses this segment, so it is kept.")
        return redirect("segment", found.public_id)
    messages.success(request, "The segment is deleted. The people stay on the list.")
    return redirect("segments")
