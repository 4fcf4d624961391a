"""The data steward's pages: links across organisations, masked; each look is noted."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from crm import waterfall
from crm.access import steward_required
from crm.forms.duplicates import DecisionForm
from crm.models import Decision, StewardView
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


@steward_required
@require_POST
def unlink(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take one organisation's side out of a shared person, for good."""
    try:
        services.unlink(public_id=public_id, organisation=request.POST.get("organisation", ""))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "Unlinked. No run of matching links them again.")
    return redirect("steward")


@steward_required
def pairs(request: HttpRequest) -> HttpResponse:
    """List the pairs across organisations that wait, the clearest first."""
    return render(request, "crm/steward_pairs.html", {"pairs": services.pairs(size=PAGE)})


@steward_required
def pair(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one pair, masked, and decide of it."""
    if request.method == "POST":
        return _decide(request, public_id)
    found = services.pair(public_id=public_id)
    if found is None:
        raise Http404
    context = {
        "pair": found,
        "facts": [
            (fact["comparison"], fact["words"], waterfall.strength(float(fact["weight"])))
            for fact in found.evidence
        ],
        "waterfall": waterfall.draw(found.match_weight, found.evidence),
        "percent": min(round(found.probability * 100, 1), 99.9),
        "open": found.decision in (None, Decision.LATER),
    }
    return render(request, "crm/steward_pair.html", context)


def _decide(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the four.")
        return redirect("steward-pair", public_id)
    decision = form.cleaned_data["decision"]
    try:
        services.decide(public_id=public_id, decision=decision)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("steward-pair", public_id)
    messages.success(request, "Linked." if decision == Decision.SAME else "Noted.")
    following = services.pairs(size=2)
    left = [waiting for waiting in following if waiting.public_id != public_id]
    return redirect("steward-pair", left[0].public_id) if left else redirect("steward-pairs")
