"""The page of one person, and what staff change on it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm import consent
from crm.access import is_officer
from crm.forms.people import AddressForm, BranchForm, DetailsForm, TagForm, YesForm
from crm.middleware import StaffRequest
from crm.models import (
    AgeBand,
    Branch,
    Channel,
    ContactPoint,
    Merge,
    Purpose,
    Record,
    Role,
    Source,
    Statement,
    Supporter,
    SupporterRole,
    SupporterTag,
    Tag,
)
from crm.notes import WARNING
from crm.services import audit, vouching
from crm.services import people as services
from crm.services import permissions as acts
from crm.tasks import carry_out, refold_act
from crm.views import permissions, timeline
from crm.wakeups import wake

RECORDS = 50


def _find(request: StaffRequest, public_id: uuid.UUID) -> Supporter:
    """Give the person, read through joins; another organisation's is not there."""
    found = get_object_or_404(
        Supporter.objects.select_related("canonical"),
        public_id=public_id,
        organisation=request.organisation,
    )
    return found.canonical


def _find_point(request: StaffRequest, public_id: uuid.UUID) -> tuple[ContactPoint, Supporter]:
    """Give an email address in use, and the person, who must not be restricted."""
    point = get_object_or_404(
        ContactPoint.objects.select_related("supporter__canonical"),
        public_id=public_id,
        organisation=request.organisation,
        channel=Channel.EMAIL,
        retired_at__isnull=True,
    )
    return point, _changeable(point.supporter.canonical)


def _changeable(person: Supporter) -> Supporter:
    """Let nothing but a stop be recorded for a person who asked us not to use their details (UK GDPR 18)."""
    if person.restricted:
        raise PermissionDenied
    return person


def person(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a person: addresses with every reason why not, what was said and when, lists and tags."""
    found = _find(request, public_id)
    if found.public_id != public_id:
        return redirect("person", found.public_id)
    audit.viewed(person=found, page="person’s page")
    joined = list(permissions.entries([found.pk]))
    points = ContactPoint.objects.filter(organisation=request.organisation, supporter__in=joined)
    context = {
        "person": found,
        "may_be_minor": found.age_band != AgeBand.ADULT,
        "addresses": permissions.addresses(request.organisation, joined),
        "retired": points.filter(channel=Channel.EMAIL, retired_at__isnull=False).order_by("pk"),
        "phones": points.filter(channel=Channel.PHONE, retired_at__isnull=True).order_by("pk"),
        "changes": timeline.of(joined),
        "records": Record.objects.filter(supporter__in=joined)
        .select_related("batch")
        .order_by("-as_of", "-pk")[:RECORDS],
        "roles": Role.objects.filter(
            pk__in=SupporterRole.objects.filter(supporter__in=joined).values("role")
        ),
        "tags": Tag.objects.filter(
            pk__in=SupporterTag.objects.filter(supporter__in=joined).values("tag")
        ),
        "joins": Merge.objects.filter(kept__in=joined, undone_at__isnull=True).order_by("pk"),
        "tag_form": TagForm(),
        "branch_form": _branch_form(request, found),
    }
    return render(request, "crm/person.html", context)


def _branch_form(request: StaffRequest, person: Supporter) -> BranchForm | None:
    """Give the form for a person's branch to those who see all branches, where there are any."""
    if is_officer(request) or not Branch.objects.filter(organisation=request.organisation).exists():
        return None
    chosen = person.branch.public_id if person.branch else None
    return BranchForm(initial={"branch": chosen}, organisation=request.organisation)


def mend_address(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Replace a wrong address."""
    point, found = _find_point(request, public_id)
    form = AddressForm(request.POST or None, initial={"email": point.address})
    if request.method == "POST" and form.is_valid():
        try:
            new = services.mend_address(point=point, email=form.cleaned_data["email"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            kept = "" if new.pk == point.pk else " Permission does not move with it."
            messages.success(request, f"The address is mended.{kept}")
            return redirect("person", found.public_id)
    return render(request, "crm/mend_address.html", {"form": form, "person": found, "point": point})


def change_details(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put a person's name, postcode, number, membership or age right."""
    found = _changeable(_find(request, public_id))
    form = DetailsForm(
        request.POST or None, initial={name: getattr(found, name) for name in services.CORRECTABLE}
    )
    if request.method == "POST" and form.is_valid():
        standing = services.correct(
            supporter=found, says=form.cleaned_data["says"], corrections=form.corrections()
        )
        if standing:
            fields = " and ".join(str(form.fields[name].label).lower() for name in standing)
            messages.warning(request, f"Noted. Their own word stands for {fields}.")
        else:
            messages.success(request, "The details are put right.")
        return redirect("person", found.public_id)
    return render(request, "crm/change_details.html", {"form": form, "person": found})


def record_stop(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record that a person told staff to stop; the page before says what follows."""
    found = _find(request, public_id)
    if request.method == "POST":
        act = acts.stop_organisation(
            supporter=found, source=Source.STAFF, detail="told staff", actor=request.user
        )
        wake(refold_act, str(act))
        messages.success(request, f"Recorded. {found.name} gets no more emails from us.")
        return redirect("person", found.public_id)
    return render(request, "crm/record_stop.html", {"person": found})


def record_yes(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record that a person told staff to email them, with the evidence."""
    point, found = _find_point(request, public_id)
    form = YesForm(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        try:
            acts.record_yes(point=point, actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            _say_what_follows(request, point, form.cleaned_data["purpose"])
            return redirect("person", found.public_id)
    context: dict[str, Any] = {
        "form": form,
        "person": found,
        "point": point,
        "has_wordings": Statement.objects.filter(organisation=request.organisation).exists(),
    }
    return render(request, "crm/record_yes.html", context)


def _say_what_follows(request: StaffRequest, point: ContactPoint, purpose: Purpose) -> None:
    """Say whether the yes counts: after a stop, or without a confirmation, it does not yet."""
    asked = consent.decide(ContactPoint.objects.filter(pk=point.pk), permissions.question(purpose))
    if asked.filter(reasons=0).exists():
        messages.success(request, f"Recorded. {point.address} may be emailed now.")
    else:
        messages.warning(
            request, f"Recorded, but {point.address} may not be emailed yet. The reasons are below."
        )


@require_POST
def vouch(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Vouch for a yes after a stop that a colleague recorded; the person is then asked to confirm it."""
    point, found = _find_point(request, public_id)
    purpose = get_object_or_404(
        Purpose, organisation=request.organisation, code=request.POST.get("purpose", "")
    )
    asked = consent.decide(ContactPoint.objects.filter(pk=point.pk), permissions.question(purpose))
    reasons = asked.values_list("reasons", flat=True).get()
    try:
        vouching.vouch(point=point, purpose=purpose, reasons=reasons, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        wake(carry_out)
        messages.success(
            request, f"Recorded. We write to {point.address}; it counts once they confirm it."
        )
    return redirect("person", found.public_id)


@require_POST
def set_branch(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put a person into a branch, or into none."""
    found = _changeable(_find(request, public_id))
    form = BranchForm(request.POST, organisation=request.organisation)
    if form.is_valid():
        services.set_branch(supporter=found, branch=form.cleaned_data["branch"])
        messages.success(request, f"{found.name}: {form.cleaned_data['branch'] or 'no branch'}.")
    else:
        messages.error(request, "Choose a branch from the list.")
    return redirect("person", found.public_id)


@require_POST
def add_tag(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Tag a person."""
    found = _changeable(_find(request, public_id))
    form = TagForm(request.POST)
    if form.is_valid():
        name = form.cleaned_data["tag"]
        services.tag_supporters(
            organisation=request.organisation, tag_name=name, supporter_ids=[found.pk]
        )
        messages.success(request, f"{found.name} has the tag {name}.")
    else:
        messages.error(request, _tag_fault(form))
    return redirect("person", found.public_id)


def _tag_fault(form: TagForm) -> str:
    """Say what is wrong with the name of a tag."""
    if WARNING in form.errors.get("tag", []):
        return WARNING
    return "Give the tag a name of 80 characters or fewer."


@require_POST
def remove_tag(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a tag off a person; tags are named by their names, which are unique in an organisation."""
    found = _changeable(_find(request, public_id))
    name = request.POST.get("tag", "").replace("\0", "")
    tag = get_object_or_404(Tag, name=name, organisation=request.organisation)
    services.untag(supporter=found, tag=tag)
    messages.success(request, f"{found.name} no longer has the tag {tag}.")
    return redirect("person", found.public_id)
