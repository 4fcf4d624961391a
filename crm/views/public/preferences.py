"""The pages that supporters reach from their mail: no login, no script, and they can only lessen."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm import tokens
from crm.limits import is_flood
from crm.models import ContactPoint, Organisation
from crm.outcomes import heading
from crm.services import lessening, preferences
from crm.tasks import refold_act
from crm.tokens import Preference
from crm.wakeups import wake

Outcome = dict[str, Any]
TEXT = "text/plain; charset=utf-8"
A_MINUTE = 20  # presses of one link


@login_not_required
@never_cache
@csrf_exempt  # the token is the proof: somebody whose browser keeps no cookies can stop mail as well
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what this organisation sends, and lessen it. GET changes nothing: mail scanners follow links."""
    try:
        preference = tokens.read_preference_token(token)
        outcome = _act(request, preference) if request.method == "POST" else {}
        choices = preferences.choices(preference=preference)
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return unknown(request)
    outcome["heading"] = heading(outcome, choices, easy=is_easy(request))
    context = {
        "choices": choices,
        "organisation": choices.organisation,
        "outcome": outcome,
        "partners": choices.partners,
        "everything": f"All emails from {', '.join(choices.partners)}, and joint emails, to this address",
        "pauses": [
            (months, timezone.localdate() + length) for months, length in lessening.PAUSES.items()
        ],
        "token": token,
    }
    return show(request, "preferences", context)


def is_easy(request: HttpRequest) -> bool:
    """Tell whether the Easy Read version was asked for; the address alone remembers it."""
    return request.GET.get("view") == "easy"


def show(
    request: HttpRequest, page: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Show a page of supporters in the version that its address asks for, with the way to the other one."""
    easy = is_easy(request)
    versions = {
        "easy": easy,
        "query": "?view=easy" if easy else "",
        "other_view": request.path if easy else f"{request.path}?view=easy",
    }
    template = f"public/easy/{page}.html" if easy else f"public/{page}.html"
    return render(request, template, {**context, **versions}, status=status)


def _act(request: HttpRequest, preference: Preference) -> Outcome:
    """Do what a button says; give what was done, or nothing for what is no button of this page."""
    said = request.POST
    if "stop" in said:
        return _stop(said.get("stop", ""), said.get("which", ""), preference)
    if said.get("pause", "") in map(str, lessening.PAUSES):
        until = lessening.pause(preference=preference, months=int(said["pause"]))
        return {"done": "pause", "until": date_format(timezone.localtime(until), "j F Y")}
    if said.get("fewer") == "important":
        lessening.only_important(preference=preference)
        return {"done": "fewer"}
    if "topics" in said:
        if lessening.untick(preference=preference, kept=set(said.getlist("topic"))):
            send_link(preference, easy=is_easy(request))
            return {"done": "topics-by-link"}
        return {"done": "topics"}
    if said.get("link") == "send":
        send_link(preference, easy=is_easy(request))
        return {"done": "link"}
    if "tell" in said:
        return _tell(said.get("tell", ""), preference, easy=is_easy(request))
    return {}


def send_link(preference: Preference, *, easy: bool, keeps: bool = False) -> None:
    """Send a fresh link, unless one is asked for again and again: whoever holds the link could flood an inbox."""
    if not is_flood(f"fresh {preference.point}", most=3):
        lessening.send_link(preference=preference, easy=easy, keeps=keeps)


def _stop(stop: str, which: str, preference: Preference) -> Outcome:
    """Stop at once, and let a worker bring up to date what the act reaches at the others."""
    outcome: Outcome = {"done": f"stop-{stop}", "which": which}
    if stop == "organisation":
        act = lessening.stop_person(preference=preference)
    elif stop == "inbox":
        act = lessening.stop_inbox(preference=preference, one_click=False)
    elif stop == "type":
        act = lessening.stop_type(preference=preference, code=which)
    elif stop == "other":
        act = lessening.stop_other(preference=preference, code=which)
    elif stop == "everything":
        act = lessening.stop_everything(preference=preference)
    else:
        return {}
    if act is None:
        return {}
    wake(refold_act, str(act))
    # The other's own email would have to carry the way back, and this page must not know whether there is one.
    return outcome if stop == "other" else {**outcome, "act": act}


def _tell(act: str, preference: Preference, *, easy: bool) -> Outcome:
    """Send word of a stop to the address, with the way back."""
    try:
        if not is_flood(f"tell {preference.point}", most=3):
            lessening.confirm_by_email(preference=preference, act=uuid.UUID(act), easy=easy)
    except (ValueError, ValidationError):
        return {}
    return {"done": "told"}


@login_not_required
@never_cache
@csrf_exempt  # a mail program has no cookie (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """Stop this organisation's mail to this inbox: the one-click POST of RFC 8058, any number of times.

    The body is not read: whatever is POSTed to this address is a wish to stop.
    """
    if request.method != "POST":
        return preferences_page(request, token)
    try:
        preference = tokens.read_preference_token(token)
        if is_flood(f"one-click {preference.point}", most=A_MINUTE):  # never the first
            return HttpResponse("It is done already.\n", content_type=TEXT, status=429)
        wake(refold_act, str(lessening.stop_inbox(preference=preference, one_click=True)))
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return unknown(request)
    return HttpResponse(
        "You will get no more of these emails.\nOne email may already be on its way.\n",
        content_type=TEXT,
    )


def unknown(request: HttpRequest) -> HttpResponse:
    """Say how to stop emails all the same, when a link is broken or too old; whose it was is not known."""
    partners = Organisation.objects.filter(is_partner=True)
    context = {"partners": partners, "organisation": None}
    return show(request, "unknown", context, status=404)
