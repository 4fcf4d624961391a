"""The page that says what waits and how the list stands."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from crm import consent, segments
from crm.middleware import StaffRequest
from crm.models import Batch, Purpose, Segment, Statement


def home(request: HttpRequest) -> HttpResponse:
    """Show what waits, how many people may be mailed, and the first steps of an empty list."""
    staff = cast(StaffRequest, request)
    organisation = staff.organisation
    if organisation is None:
        return redirect("choose-organisation")
    purposes = list(Purpose.objects.filter(organisation=organisation))
    sizes = [
        (
            purpose,
            segments.size(
                organisation, None, consent.Question(purpose.pk, suitable_for_under_18=True)
            ),
        )
        for purpose in purposes
    ]
    people = sizes[0][1].people if sizes else 0
    context = {
        "sizes": sizes,
        "people": people,
        "waiting": Batch.objects.filter(organisation=organisation, applied_at=None)[:10],
        "steps": [
            _step(
                "Add your sign-up wording",
                Statement.objects.filter(organisation=organisation).exists(),
            ),
            _step("Import a list", people > 0),
            _step("Make a segment", Segment.objects.filter(organisation=organisation).exists()),
        ],
    }
    return render(request, "crm/home.html", context)


def _step(label: str, is_done: bool) -> dict[str, str]:
    return {"label": label, "state": "done" if is_done else "todo"}
