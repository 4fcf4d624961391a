"""Keeping one's emails before the permission runs out: the page of a link that a campaign may carry."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from crm import tokens
from crm.models import ContactPoint
from crm.services import preferences
from crm.views.public.anybody import open_page
from crm.views.public.preferences import is_easy, send_link, show, unknown


@open_page
def renewal(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether the reader wants to keep their emails; a yes sends a fresh link, on whose page it counts.

    The link in an email may have been passed on, so it gives nobody two more years (decision 1). It does not
    say until when the yes counts, either.
    """
    try:
        preference = tokens.read_preference_token(token)
        choices = preferences.choices(preference=preference)
        if request.method == "POST" and choices.getting:
            send_link(preference, easy=is_easy(request), keeps=True)
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return unknown(request)
    context = {
        "organisation": choices.organisation,
        "choices": choices,
        "done": request.method == "POST" and bool(choices.getting),
        "token": token,
    }
    return show(request, "renewal", context)
