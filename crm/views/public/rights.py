"""Public pages about people's rights: ask, complain, who is responsible, what is kept. No account, for anybody alike.

The forms read nothing about anyone: a worker makes cases of what was sent in (crm/services/requests.py).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.forms.cases import AboutForm, ComplaintForm, RequestForm
from crm.limits import is_flood
from crm.models import Organisation, Submission
from crm.services import lessening
from crm.views.public.anybody import A_MINUTE, open_page, send_in, too_many
from crm.views.public.preferences import is_easy


@open_page
def new_request(request: HttpRequest) -> HttpResponse:
    """Take a request about one's data."""
    return _form(request, RequestForm, Submission.Kind.REQUEST, "public/request.html")


@open_page
def complaint(request: HttpRequest) -> HttpResponse:
    """Take a complaint about how data was used (Data Protection Act 2018 s.164A)."""
    return _form(request, ComplaintForm, Submission.Kind.COMPLAINT, "public/complaint.html")


def _form(
    request: HttpRequest, form_class: type[AboutForm], kind: Submission.Kind, template: str
) -> HttpResponse:
    form = form_class(request.POST or None, organisations=lessening.organisations())
    context = _context(request) | {"form": form, "easy": False, "other_view": ""}
    if request.method == "POST" and form.is_valid():
        if is_flood(f"{kind} {form.cleaned_data['email']}", most=A_MINUTE):
            return too_many(request)
        # Whoever's browser filled in the trap has the same rights: nobody's request is dropped as a program's.
        send_in(kind, form.written_with, form.written())
        context["done"] = True
    return render(request, template, context)


@login_not_required
@require_safe
def responsible(request: HttpRequest) -> HttpResponse:
    """Show who is responsible for what (UK GDPR Art. 26), and how to reach each."""
    return _page(request, "responsible")


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what is kept, why, and for how long (Art. 13 and 14)."""
    return _page(request, "privacy")


def _page(request: HttpRequest, name: str) -> HttpResponse:
    context = _context(request)
    easy = context["easy"]
    return render(request, f"public/easy/{name}.html" if easy else f"public/{name}.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    easy = is_easy(request)
    everyone = list(Organisation.objects.order_by("-is_partner", "name"))
    return {
        "organisation": None,
        "partners": [found for found in everyone if found.is_partner],
        "joint": next((found for found in everyone if not found.is_partner), None),
        "regulator": settings.COALESCE_REGULATOR,
        "regulator_url": settings.COALESCE_REGULATOR_URL,
        "easy": easy,
        "other_view": request.path if easy else f"{request.path}?view=easy",
    }
