"""Finding people and adding one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render

from crm import search
from crm.forms.people import FindForm, PersonForm
from crm.middleware import StaffRequest
from crm.models import SupporterRole
from crm.pages import page
from crm.services import audit
from crm.services import people as services
from crm.views import permissions


def people(request: StaffRequest) -> HttpResponse:
    """List people, the newest first, or those whom a search finds."""
    form = FindForm(request.GET)
    text = form.text()
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
