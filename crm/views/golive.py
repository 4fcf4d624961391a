"""The checklist before the first campaign, and the switch for sending: for admins."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import admin_required
from crm.forms.settings import SignOffForm
from crm.middleware import StaffRequest
from crm.models import GoLive
from crm.services import golive as services

_STEPS = (
    (
        "imprint",
        "The imprint",
        "Every email says who sent it and from where.",
        "edit-organisation",
    ),
    ("dpia", "The impact assessment is signed off", "Fill in the form below.", ""),
    ("sender", "The domain that you send from", "Fill in the form below.", ""),
    (
        "approvers",
        "Two colleagues who have signed in",
        "One writes a campaign, another approves it.",
        "staff",
    ),
)


@admin_required
def go_live(request: StaffRequest) -> HttpResponse:
    """Show what is missing, and keep what is signed off."""
    sign_off = get_object_or_404(GoLive, organisation=request.organisation)
    form = SignOffForm(request.POST or None, instance=sign_off)
    if request.method == "POST" and form.is_valid():
        changed = form.save(commit=False)
        changed.save(update_fields=SignOffForm.Meta.fields)
        messages.success(request, "Saved.")
        return redirect("go-live")
    lacking = services.missing()
    context = {
        "form": form,
        "steps": _steps(lacking),
        "is_ready": not lacking,
        "sign_off": GoLive.objects.select_related("turned_on_by").get(pk=sign_off.pk),
        "stays_off": [services.MISSING[code] for code in lacking if code != "approvers"],
    }
    return render(request, "crm/go_live.html", context)


def _steps(lacking: list[str]) -> list[dict[str, str]]:
    return [
        {
            "label": label,
            "hint": hint if code in lacking else "",
            "url": reverse(page) if page else "",
            "state": "todo" if code in lacking else "done",
        }
        for code, label, hint, page in _STEPS
    ]


@admin_required
@require_POST
def turn_on(request: StaffRequest) -> HttpResponse:
    """Let campaigns be sent, once nothing is missing."""
    try:
        services.turn(is_on=True)
        messages.success(request, "Sending is on. Campaigns go out once they are approved.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("go-live")


@admin_required
@require_POST
def turn_off(request: StaffRequest) -> HttpResponse:
    """Stop all campaigns, those under way included."""
    services.turn(is_on=False)
    messages.success(
        request, "Sending is off. What a worker has in hand may still leave; nothing after that."
    )
    return redirect("go-live")
