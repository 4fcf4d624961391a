"""The data steward's pages: links across organisations, masked; each look is noted."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from crm.access import steward_required
from crm.models import StewardView
from crm.services import steward as services

PAGE = 25


@steward_required
def links(request: HttpRequest) -> HttpResponse:
    """List the persons whom several organisations know, the newest first."""
    try:
        before = uuid.UUID(request.GET["before"]) if request.GET.get("before") else None
    except ValueError as error:
        raise Http404 from error
    found = services.links(before=before, size=PAGE + 1)
    context = {
        "people": found[:PAGE],
        "next": f"?before={found[PAGE - 1].public_id}" if len(found) > PAGE else "",
    }
    return render(request, "crm/steward_links.html", context)


@steward_required
def link(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one link, and how often one looked at it."""
    found = services.link(public_id=public_id)
    if found is None or len(found.sides) < 2:
        raise Http404
    looks = StewardView.objects.filter(shown__contains=[public_id]).order_by("-pk")[:20]
    return render(request, "crm/steward_link.html", {"person": found, "looks": looks})
