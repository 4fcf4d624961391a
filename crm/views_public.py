"""The pages that supporters reach from their mail: no login, no script, and they can only lessen."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm import tokens
from crm.models import ContactPoint, Organisation
from crm.services import preferences as services
from crm.tasks import refold_act
from crm.wakeups import wake

DONE = {
    "organisation": "You will get no more emails from {name}",
    "inbox": "{name} will send no more emails to this address",
    "everything": "You will get no more emails from {partners} at this address",
}


@login_not_required
@never_cache
@csrf_exempt  # the token is the proof: somebody whose browser keeps no cookies can stop mail as well
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show what this organisation sends, and stop it. GET changes nothing: mail scanners follow links."""
    try:
        preference = tokens.read_preference_token(token)
        stop = request.POST.get("stop", "") if request.method == "POST" else ""
        if stop in DONE:
            _stop(stop, preference)
        choices = services.choices(preference=preference)
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return _unknown(request)
    name, partners = choices.organisation.name, " or ".join(choices.partners)
    context = {
        "choices": choices,
        "organisation": choices.organisation,
        "done": DONE[stop].format(name=name, partners=partners) if stop in DONE else "",
        "everybody": "both organisations" if len(choices.partners) == 2 else "all organisations",
        "partners": " and ".join(choices.partners),
        "token": token,
    }
    return render(request, "public/preferences.html", context)


def _stop(stop: str, preference: tokens.Preference) -> None:
    """Stop at once, and let a worker bring up to date what the act reaches at the others."""
    if stop == "organisation":
        act = services.stop_person(preference=preference)
    elif stop == "inbox":
        act = services.stop_inbox(preference=preference, one_click=False)
    else:
        act = services.stop_everything(preference=preference)
    if act is not None:
        wake(refold_act, str(act))


@login_not_required
@never_cache
@csrf_exempt  # a mail program has no cookie (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """Stop this organisation's mail to this inbox: the one-click POST of RFC 8058, any number of times.

    The body is not read: whatever is POSTed to this address is a wish to stop.
    """
    if request.method != "POST":
        return preferences(request, token)
    try:
        preference = tokens.read_preference_token(token)
        wake(refold_act, str(services.stop_inbox(preference=preference, one_click=True)))
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return _unknown(request)
    return HttpResponse(
        "You will get no more of these emails.\nOne email may already be on its way.\n",
        content_type="text/plain; charset=utf-8",
    )


def _unknown(request: HttpRequest) -> HttpResponse:
    """Say how to stop emails all the same, when a link is broken or too old; whose it was is not known."""
    partners = Organisation.objects.filter(is_partner=True)
    context = {"partners": partners, "organisation": None}
    return render(request, "public/unknown.html", context, status=404)
