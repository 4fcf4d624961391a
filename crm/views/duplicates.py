"""The pages on which staff decide of possible duplicates, one pair at a time or the clear ones together."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm import waterfall
from crm.forms.duplicates import DecisionForm
from crm.middleware import StaffRequest
from crm.models import Decision, Match, Merge
from crm.services import audit, comparing, merging
from crm.services import reviewing as services

PAGE, RECENT = 50, 20
PAGE_NAME = "possible duplicates"


def duplicates(request: StaffRequest) -> HttpResponse:
    """List what waits, by what a decision is worth, and the last decisions; a POST joins the clear pairs ticked."""
    kind = _kind(request)
    if request.method == "POST":
        return _join_clear(request)
    found = services.queue(request.organisation, kind)
    shown = found[:PAGE]
    audit.listed(people=[p for w in shown for p in (w.one, w.other)], page=PAGE_NAME)
    context = {
        "kind": kind,
        "tabs": [(tab, services.count(request.organisation, tab)) for tab in services.Kind],
        "clear": [waiting for waiting in shown if waiting.is_clear],
        "rest": [waiting for waiting in shown if not waiting.is_clear],
        "first": found[0] if found else None,
        "decided": services.decided(request.organisation, size=RECENT),
    }
    return render(request, "crm/duplicates.html", context)


def _kind(request: StaffRequest) -> services.Kind:
    asked = request.GET.get("kind", services.Kind.POSSIBLE.code)
    for kind in services.Kind:
        if kind.code == asked:
            return kind
    raise Http404


def _to(name: str, kind: services.Kind, *args: object) -> str:
    return f"{reverse(name, args=args)}?kind={kind.code}"


def _find(request: StaffRequest, public_id: uuid.UUID) -> services.Waiting:
    try:
        return services.find(request.organisation, public_id)
    except Match.DoesNotExist as error:
        raise Http404 from error


def duplicate(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a pair side by side with all that speaks for and against it; decide, and go on to the next."""
    kind, waiting = _kind(request), _find(request, public_id)
    if request.method == "POST":
        form = DecisionForm(request.POST)
        if form.is_valid():
            return _decide(request, kind, waiting, form.cleaned_data["decision"])
        messages.error(request, "Choose one of the four.")
    for person in {waiting.one, waiting.other}:
        audit.viewed(person=person, page=PAGE_NAME)
    permission, trouble = [], ""
    if waiting.one != waiting.other:
        try:
            permission = merging.preview_merge(one=waiting.one, other=waiting.other)
        except ValidationError as error:
            trouble = error.messages[0]
    match = waiting.match
    context = {
        "kind": kind,
        "waiting": waiting,
        "match": match,
        "open": match.decision in (None, Decision.LATER) and waiting.one != waiting.other,
        "lines": comparing.side_by_side(waiting.one, waiting.other),
        "facts": [
            (fact["comparison"], fact["words"], waterfall.strength(float(fact["weight"])))
            for fact in match.evidence
        ],
        "waterfall": waterfall.draw(match.match_weight, match.evidence),
        "percent": min(round(match.probability * 100, 1), 99.9),
        "permission": permission,
        "told": merging.in_words(permission) if permission else [],
        "trouble": trouble,
        "last": services.last_of(request.organisation, request.user),
    }
    return render(request, "crm/duplicate.html", context)


def _decide(
    request: StaffRequest, kind: services.Kind, waiting: services.Waiting, decision: Decision
) -> HttpResponse:
    try:
        services.decide(match=waiting.match, decision=decision, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(_to("duplicate", kind, waiting.match.public_id))
    said = {
        Decision.SAME: f"{waiting.one.name} is one person now.",
        Decision.NOT_SAME: "Noted: two people.",
        Decision.HOUSEHOLD: "Noted: two people of one household.",
        Decision.LATER: "Put off.",
    }[decision]
    messages.success(request, said)
    following = services.queue(request.organisation, kind)
    following = [w for w in following if w.match != waiting.match]
    if following:
        return redirect(_to("duplicate", kind, following[0].match.public_id))
    return redirect(_to("duplicates", kind))


def _join_clear(request: StaffRequest) -> HttpResponse:
    ticked = set()
    for text in request.POST.getlist("pair")[:PAGE]:
        try:
            ticked.add(uuid.UUID(text))
        except ValueError:
            continue
    if not ticked:
        messages.error(request, "Tick at least one pair.")
        return redirect("duplicates")
    joined, left = services.join_all(
        organisation=request.organisation, public_ids=ticked, actor=request.user
    )
    messages.success(
        request,
        f"{joined} joined." + (f" {left} are no longer clear: look at them." if left else ""),
    )
    return redirect("duplicates")


@require_POST
def undo(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a decision back, and show the pair again."""
    kind, waiting = _kind(request), _find(request, public_id)
    try:
        services.undo(match=waiting.match, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(_to("duplicates", kind))
    messages.success(request, "Undone. The pair waits again.")
    return redirect(_to("duplicate", kind, public_id))


def take_apart(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show what taking a join back would do, and take it back."""
    made = get_object_or_404(
        Merge.objects.select_related("kept__canonical"),
        public_id=public_id,
        organisation=request.organisation,
        undone_at__isnull=True,
    )
    person = made.kept.canonical
    if request.method == "POST":
        try:
            one, other = merging.unmerge(merge=made, actor=request.user)
        except ValidationError as error:
            messages.error(request, error.messages[0])
            return redirect("person", person.public_id)
        messages.success(request, f"Taken apart: {one.name} and {other.name} are two people.")
        return redirect("person", one.public_id)
    audit.viewed(person=person, page="taking apart")
    try:
        permission, trouble = merging.preview_unmerge(merge=made), ""
    except ValidationError as error:
        permission, trouble = [], error.messages[0]
    context = {
        "merge": made,
        "person": person,
        "parts": merging.parts(merge=made),
        "permission": permission,
        "told": merging.in_words(permission) if permission else [],
        "trouble": trouble,
    }
    return render(request, "crm/take_apart.html", context)
