"""Finding people and adding one."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from crm import search
from crm.forms.people import FindForm, PersonForm
from crm.middleware import StaffRequest
from crm.models import SupporterRole
from crm.pages import page
from crm.services import audit
from crm.services import people as services
from crm.views import permissions

SEARCHES, MOST_SEARCHES = "searches", 20


def people(request: StaffRequest) -> HttpResponse:
    """List people, the newest first, or those whom a search finds.

    What is searched for names people, so the session keeps it, and the address its number only (house rule 11).
    """
    asked = FindForm(request.POST or None)
    if asked.is_valid():
        return redirect(_keep(request, asked.text()))
    text = request.session.get(SEARCHES, {}).get(request.GET.get("search", ""), "")
    form = asked if asked.errors else FindForm({"q": text})
    shown = page(request, search.people(request.organisation, text), size=search.PAGE)
    audit.listed(people=shown.rows, page="list of people")
    ids = [person.pk for person in shown.rows]
    joined = permissions.entries(ids)
    badges = permissions.badges(request.organisation, ids, joined)
    roles = _roles(joined)
    rows = [(person, badges[person.pk], roles[person.pk]) for person in shown.rows]
    context = {
        "form": form,
        "rows": rows,
        "page": shown,
        "text": text,
        "purpose": permissions.main_purpose(request.organisation),
    }
    return render(request, "crm/people.html", context)


def _keep(request: StaffRequest, text: str) -> str:
    """Keep what is searched for in the session, beside the last few; give the address of what it finds."""
    if not text:
        return reverse("people")
    kept: dict[str, str] = request.session.get(SEARCHES, {})
    number = secrets.token_urlsafe(6)
    request.session[SEARCHES] = dict([*kept.items(), (number, text)][-MOST_SEARCHES:])
    return f"{reverse('people')}?{urlencode({'search': number})}"


def _roles(joined: dict[int, int]) -> dict[int, list[str]]:
    """Give the roles of each person, whichever of their entries has them."""
    found: dict[int, list[str]] = defaultdict(list)
    has: Collection[tuple[int, str]] = SupporterRole.objects.filter(
        supporter__in=list(joined)
    ).values_list("supporter_id", "role__label")
    for entry, label in sorted(has, key=lambda row: row[1]):
        if label not in found[joined[entry]]:
            found[joined[entry]].append(label)
    return found


def add(request: StaffRequest) -> HttpResponse:
    """Add one person by hand."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        details = services.NewPerson(
            **{**form.cleaned_data, "roles": list(form.cleaned_data["roles"])}
        )
        try:
            person = services.add_person(
                organisation=request.organisation,
                details=details,
                branch_id=request.membership.branch_id,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, f"{person.name} is on the list. That gives no permission to email."
            )
            return redirect("person", person.public_id)
    return render(request, "crm/add_person.html", {"form": form})
