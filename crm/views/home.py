"""The page that says what waits and how the list stands."""

from __future__ import annotations

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from crm import segments
from crm.access import is_admin, is_officer
from crm.forms.people import FindForm
from crm.middleware import StaffRequest
from crm.models import Batch, JournalMark, Purpose, Segment, Statement
from crm.services import cases, reviewing
from crm.views import permissions

WAITING = 10


def home(request: StaffRequest) -> HttpResponse:
    """Show what waits, how many people may be mailed, and the first steps of an empty list."""
    organisation = request.organisation
    people = segments.members(organisation, None).count()
    context = {
        "form": FindForm(),
        "people": people,
        "sizes": _sizes(request) if people else [],
        "waiting": Batch.objects.filter(
            organisation=organisation, applied_at=None, undone_at=None
        ).order_by("-pk")[:WAITING],
        "without_wording": Batch.objects.filter(
            organisation=organisation, undone_at=None, without_wording__gt=0
        ).aggregate(rows=Sum("without_wording"))["rows"],
        "duplicates": 0 if is_officer(request) else reviewing.count(organisation),
        "is_admin": is_admin(request),
        "due": cases.due(organisation) if is_admin(request) else None,
        "no_mail_since": JournalMark.objects.values_list("behind_since", flat=True).first(),
        "steps": [] if people else _steps(request),
    }
    return render(request, "crm/home.html", context)


def _sizes(request: StaffRequest) -> list[tuple[Purpose, segments.Size, int]]:
    """Give for each type of email how many people may and how many may not be mailed."""
    sizes = []
    for purpose in Purpose.objects.filter(organisation=request.organisation).order_by("pk"):
        size = segments.size(request.organisation, None, permissions.question(purpose))
        sizes.append((purpose, size, size.people - size.permitted))
    return sizes


def _steps(request: StaffRequest) -> list[dict[str, str]]:
    """Give what a new organisation does first; an admin's steps lead nowhere for others."""
    organisation, for_admins = request.organisation, is_admin(request)
    has_wording = Statement.objects.filter(organisation=organisation).exists()
    has_segment = Segment.objects.filter(organisation=organisation).exists()
    return [
        {
            "label": "Add your sign-up wording",
            "hint": "The words that people saw when they said yes."
            + ("" if for_admins else " An admin does this."),
            "url": reverse("add-wording") if for_admins else "",
            "state": "done" if has_wording else "todo",
        },
        {
            "label": "Import a list",
            "hint": "Nothing is written before you have seen what would happen."
            + ("" if for_admins else " An admin does this."),
            "url": reverse("imports") if for_admins else "",
        },
        {
            "label": "Make a segment",
            "hint": "For whom a campaign is, such as SENCOs.",
            "url": reverse("add-segment"),
            "state": "done" if has_segment else "todo",
        },
        {
            "label": "Write a campaign",
            "hint": "A colleague checks it before anybody gets it.",
            "url": reverse("add-campaign"),
        },
    ]
