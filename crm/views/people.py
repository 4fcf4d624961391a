"""Finding people, and what is known of one of them."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm import consent, search
from crm.forms.people import AddressForm, PersonForm, TagForm, YesForm
from crm.middleware import StaffRequest
from crm.models import (
    Channel,
    ConsentHistory,
    ContactPoint,
    Organisation,
    Purpose,
    Record,
    Role,
    Source,
    Supporter,
    SupporterTag,
    Tag,
)
from crm.pages import page
from crm.reasons import sentences
from crm.services import people as services
from crm.services import permissions


def people(request: HttpRequest) -> HttpResponse:
    """List people, the newest first, or those whom a search finds."""
    staff = cast(StaffRequest, request)
    text = request.GET.get("q", "").strip()
    shown = page(request, search.people(staff.organisation, text), size=search.PAGE)
    points = _addresses(staff.organisation, [person.pk for person in shown.rows])
    rows = [(person, points.get(person.pk)) for person in shown.rows]
    return render(request, "crm/people.html", {"rows": rows, "page": shown, "text": text})


def _addresses(organisation: Organisation, supporter_ids: list[int]) -> dict[int, Any]:
    """Give the best address of each person, with the decision about it, by one asking of the gate."""
    purpose = Purpose.objects.filter(organisation=organisation).first()
    if purpose is None:
        return {}
    question = consent.Question(purpose.pk, suitable_for_under_18=True)
    points = ContactPoint.objects.filter(
        organisation=organisation, supporter__canonical__in=supporter_ids, retired_at__isnull=True
    ).select_related("supporter")
    decided = consent.decide(points, question).order_by("-reasons", "-kind")
    return {point.supporter.canonical_id: point for point in decided}


def _find(request: HttpRequest, public_id: uuid.UUID) -> Supporter:
    """Give the person, read through merges; another organisation's is not there."""
    staff = cast(StaffRequest, request)
    found = get_object_or_404(
        Supporter.objects.select_related("canonical"),
        public_id=public_id,
        organisation=staff.organisation,
    )
    return found.canonical


def add(request: HttpRequest) -> HttpResponse:
    """Add one person by hand."""
    staff = cast(StaffRequest, request)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "roles": list(form.cleaned_data["roles"])}
        values["age_band"] = values["age_band"] or 0
        try:
            person = services.add_person(
                organisation=staff.organisation, details=services.NewPerson(**values)
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, f"{person.name} is on the list. This gives no permission to email."
            )
            return redirect("person", person.public_id)
    return render(request, "crm/add_person.html", {"form": form})


def person(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a person: addresses with every reason why not, what was said and when, lists and tags."""
    staff = cast(StaffRequest, request)
    found = _find(request, public_id)
    points = ContactPoint.objects.filter(supporter__canonical=found, retired_at__isnull=True)
    history = ConsentHistory.objects.filter(supporter__canonical=found).select_related(
        "statement", "batch", "purpose", "actor"
    )
    context = {
        "person": found,
        "roles": Role.objects.filter(
            pk__in=found.roles.model.objects.filter(supporter__canonical=found).values("role")
        ),
        "permissions": _permissions(staff.organisation, points),
        "phones": points.filter(channel=Channel.PHONE),
        "history": history.order_by("-recorded_at", "-pk")[:100],
        "records": Record.objects.filter(supporter__canonical=found)
        .select_related("batch")
        .order_by("-as_of", "-pk")[:50],
        "tags": Tag.objects.filter(
            pk__in=SupporterTag.objects.filter(supporter__canonical=found).values("tag")
        ),
        "tag_form": TagForm(),
    }
    return render(request, "crm/person.html", context)


def _permissions(organisation: Organisation, points: Any) -> list[dict[str, Any]]:
    """Give each email address with each type of email, and every reason why not."""
    found = []
    for point in points.filter(channel=Channel.EMAIL).order_by("kind", "pk"):
        asked = []
        for purpose in Purpose.objects.filter(organisation=organisation):
            question = consent.Question(purpose.pk, suitable_for_under_18=True)
            decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
            reasons = decided.values_list("reasons", flat=True).get()
            asked.append(
                {"purpose": purpose, "allowed": not reasons, "reasons": sentences(reasons)}
            )
        found.append({"point": point, "asked": asked})
    return found


def mend_address(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Replace a wrong address."""
    staff = cast(StaffRequest, request)
    point = get_object_or_404(
        ContactPoint.objects.select_related("supporter__canonical"),
        public_id=public_id,
        organisation=staff.organisation,
        channel=Channel.EMAIL,
    )
    form = AddressForm(request.POST or None, initial={"email": point.address})
    if request.method == "POST" and form.is_valid():
        try:
            services.mend_address(point=point, email=form.cleaned_data["email"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, "The address is mended. It starts without permission to email."
            )
            return redirect("person", point.supporter.canonical.public_id)
    context = {"form": form, "person": point.supporter.canonical, "point": point}
    return render(request, "crm/mend_address.html", context)


def record_stop(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record that a person told staff to stop; the page before says what follows."""
    staff = cast(StaffRequest, request)
    found = _find(request, public_id)
    if request.method == "POST":
        permissions.stop_organisation(
            supporter=found, source=Source.STAFF, detail="told staff", actor=staff.user
        )
        messages.success(request, f"Recorded. {found.name} gets no more emails from us.")
        return redirect("person", found.public_id)
    return render(request, "crm/record_stop.html", {"person": found})


def record_yes(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record that a person told staff to email them, with the evidence."""
    staff = cast(StaffRequest, request)
    point = get_object_or_404(
        ContactPoint.objects.select_related("supporter__canonical"),
        public_id=public_id,
        organisation=staff.organisation,
        channel=Channel.EMAIL,
    )
    form = YesForm(request.POST or None, organisation=staff.organisation)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            permissions.record_yes(
                point=point,
                purpose=given["purpose"],
                statement=given["statement"],
                said_at=form.said_at(),
                words=given["words"],
                actor=staff.user,
            )
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            messages.success(request, "Recorded, with how and when they told you.")
            return redirect("person", point.supporter.canonical.public_id)
    context = {"form": form, "person": point.supporter.canonical, "point": point}
    return render(request, "crm/record_yes.html", context)


@require_POST
def add_tag(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Tag a person."""
    staff = cast(StaffRequest, request)
    found = _find(request, public_id)
    form = TagForm(request.POST)
    if form.is_valid():
        services.tag_supporters(
            organisation=staff.organisation,
            tag_name=form.cleaned_data["tag"],
            supporter_ids=[found.pk],
        )
    else:
        messages.error(request, "Give the tag a name.")
    return redirect("person", found.public_id)


@require_POST
def remove_tag(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a tag off a person."""
    staff = cast(StaffRequest, request)
    found = _find(request, public_id)
    tag = get_object_or_404(Tag, pk=request.POST.get("tag") or 0, organisation=staff.organisation)
    services.untag(supporter=found, tag=tag)
    return redirect("person", found.public_id)
