"""The pages that supporters reach from their mail: no login, no script, and they can only lessen."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from crm import tokens, wall
from crm.models import ContactPoint
from crm.services import preferences as services
from crm.tasks import refold_act
from crm.wakeups import wake

SAID = {
    "organisation": "You will get no more emails from {name}.",
    "inbox": "{name} will send no more emails to this address, whoever reads it.",
    "everything": "You will get no more emails from any of the organisations that work together here.",
}


def _read(token: str) -> tokens.Preference:
    try:
        return tokens.read_preference_token(token)
    except tokens.BadTokenError as error:
        raise Http404 from error


@login_not_required
@never_cache
@csrf_exempt  # the token is the proof; a mail program has no cookie (RFC 8058)
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show what this organisation sends, and stop it. GET changes nothing: mail scanners follow links."""
    preference = _read(token)
    try:
        with wall.scope("keeper", organisation_id=preference.organisation_id):
            stop = request.POST.get("stop", "") if request.method == "POST" else ""
            if stop in SAID:
                _stop(stop, preference)
            choices = services.choices(preference=preference)
            said = SAID[stop].format(name=choices.organisation.name) if stop in SAID else ""
            context = {"choices": choices, "organisation": choices.organisation, "said": said}
            return render(request, "public/preferences.html", context)
    except ContactPoint.DoesNotExist as error:
        raise Http404 from error


def _stop(stop: str, preference: tokens.Preference) -> None:
    if stop == "organisation":
        services.stop_person(preference=preference)
    elif stop == "inbox":
        services.stop_inbox(preference=preference, one_click=False)
    else:
        act = services.stop_everything(preference=preference)
        wake(refold_act, str(act))


@login_not_required
@never_cache
@csrf_exempt
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """Stop this organisation's mail to this inbox: the one-click POST of RFC 8058, any number of times."""
    if request.method != "POST":
        return preferences(request, token)
    preference = _read(token)
    try:
        with wall.scope("keeper", organisation_id=preference.organisation_id):
            services.stop_inbox(preference=preference, one_click=True)
    except ContactPoint.DoesNotExist as error:
        raise Http404 from error
    return HttpResponse(
        "You will get no more of these emails.\n", content_type="text/plain; charset=utf-8"
    )
