"""Public pages for any address whatever: stop emails or be sent a link; confirm; take a stop back.

They read nothing about anyone: what was sent in is carried out by a worker (crm/services/submissions.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm import tokens, wall
from crm.forms.public import StopForm
from crm.limits import is_flood
from crm.models import Organisation, Submission
from crm.services import lessening, submissions
from crm.tasks import carry_out
from crm.views.public.preferences import is_easy, show, unknown
from crm.wakeups import wake

A_MINUTE = 30  # forms for one address, or sign-ups from one computer
View = Callable[..., HttpResponse]


def open_page(view: View) -> View:
    """Let anyone in, without cookies: nothing here rests on who the browser says it is, not even if staff look."""

    @wraps(view)
    def as_visitor(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with wall.scope("visitor"):
            return view(request, *args, **kwargs)

    methods = require_http_methods(["GET", "HEAD", "POST"])
    return login_not_required(never_cache(csrf_exempt(methods(as_visitor))))


def send_in(kind: Submission.Kind, nonce: uuid.UUID, fields: dict[str, Any]) -> None:
    """Take what was written, and wake a worker for it."""
    submissions.receive(kind=kind, nonce=nonce, fields=fields)
    wake(carry_out)


@open_page
def stop_emails(request: HttpRequest) -> HttpResponse:
    """Stop an organisation's emails, or everyone's, or be sent a link. The answer is the same for every address."""
    organisations = lessening.organisations()
    form = StopForm(request.POST or None, organisations=organisations)
    context: dict[str, Any] = {"form": form, "organisation": None}
    # A browser that fills in the field which nobody sees must not cost anyone their stop.
    if request.method == "POST" and form.is_valid() and not (form.is_trapped and form.is_link):
        written = {name: form.cleaned_data[name] for name in ("email", "organisation")}
        is_link = form.is_link
        kind = Submission.Kind.LINK if is_link else Submission.Kind.STOP
        # Beyond that it has been taken already, many times over.
        if not is_flood(f"{kind} {written['organisation']} {written['email']}", most=A_MINUTE):
            send_in(kind, form.written_with, {**written, "easy": is_easy(request)})
        named = {found.code: found.name for found in organisations}
        context["done"] = form.cleaned_data["what"]
        context["name"] = named.get(written["organisation"], "")
        context["email"] = written["email"]
    return show(request, "stop_emails", context)


def too_many(request: HttpRequest) -> HttpResponse:
    """Ask to wait a minute."""
    return show(request, "too_many", {"organisation": None}, status=429)


@open_page
def confirm_sign_up(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm a sign-up, by a button: mail scanners follow links."""
    return _by_button(request, "confirm", token, Submission.Kind.CONFIRM, "sign_up")


@open_page
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm a new address, by a button."""
    return _by_button(request, "address", token, Submission.Kind.CONFIRM, "address")


@open_page
def undo_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Take a stop back, by a button."""
    return _by_button(request, "undo", token, Submission.Kind.UNDO, "undo")


HEADINGS = {
    "sign_up": ("Confirm your sign-up", "Thank you, you are on the list"),
    "address": ("Confirm your new address", "Your address is changed"),
    "undo": ("Take your stop back", "Your stop is taken back"),
}


def _by_button(
    request: HttpRequest, use: tokens.Use, token: str, kind: Submission.Kind, about: str
) -> HttpResponse:
    try:
        link = tokens.read(use, token)
    except tokens.BadTokenError:
        return unknown(request)
    is_done = request.method == "POST"
    if is_done:
        send_in(kind, link.about, {"about": str(link.about)})
    context = {
        "heading": HEADINGS[about][is_done],
        "about": about,
        "done": is_done,
        "organisation": Organisation.objects.filter(pk=link.organisation_id).first(),
    }
    return show(request, "confirm", context)
