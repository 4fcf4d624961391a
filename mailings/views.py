"""The pages of campaigns: they parse, call one service and answer."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm.access import steward_required
from crm.forms.exports import GroupExportForm
from crm.middleware import StaffRequest
from crm.models import Supporter
from crm.pages import page
from crm.services import audit, exports
from crm.tasks import make_export
from crm.wakeups import wake
from mailings import (
    audience,
    dispatch,
    doubts,
    explaining,
    exportable,
    figures,
    history,
    membership,
    outcomes,
    rendering,
)
from mailings.forms import CampaignForm, TextForm
from mailings.models import Campaign, JointApproval, Version
from mailings.services import campaigns as services
from mailings.services import courses
from mailings.tasks import freeze

PAGE = 50


def _visible(request: StaffRequest) -> QuerySet[Campaign]:
    """The campaigns that this organisation takes part in."""
    shared = Q(mode=Campaign.Mode.COORDINATED)
    return Campaign.objects.filter(Q(organisation=request.organisation) | shared)


def _find(request: StaffRequest, public_id: uuid.UUID) -> Campaign:
    return get_object_or_404(_visible(request), public_id=public_id)


def _own_version(request: StaffRequest, campaign: Campaign) -> Version | None:
    own = Version.objects.filter(campaign=campaign, organisation=request.organisation)
    return own.select_related(
        "campaign__organisation",
        "organisation",
        "segment",
        "purpose",
        "topic",
        "author",
        "approved_by",
        "checked_by",
    ).first()


def campaigns(request: HttpRequest) -> HttpResponse:
    """List the campaigns, the newest first."""
    staff = cast(StaffRequest, request)
    shown = page(request, _visible(staff).order_by("-pk"), size=PAGE)
    return render(request, "mailings/campaigns.html", {"page": shown})


def add(request: HttpRequest) -> HttpResponse:
    """Begin a campaign."""
    staff = cast(StaffRequest, request)
    form = CampaignForm(request.POST or None, organisation=staff.organisation)
    if request.method == "POST" and form.is_valid():
        plan = services.Plan(**form.cleaned_data)
        try:
            campaign = services.create(organisation=staff.organisation, plan=plan, user=staff.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("campaign-text", campaign.public_id)
    return render(request, "mailings/add.html", {"form": form})


def text(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Write one's own organisation's text of a campaign."""
    staff = cast(StaffRequest, request)
    campaign = _find(staff, public_id)
    version = _own_version(staff, campaign)
    initial: dict[str, Any] = {}
    if version is not None:
        initial = {
            "segment": version.segment.public_id if version.segment else None,
            "purpose": version.purpose,
            "topic": version.topic,
            "subject": version.subject,
            "body": version.body,
            "extra_link": version.extra_link,
        }
    form = TextForm(request.POST or None, initial=initial, organisation=staff.organisation)
    if request.method == "POST" and form.is_valid():
        draft = services.Draft(**form.cleaned_data)
        try:
            services.write(
                campaign=campaign, organisation=staff.organisation, draft=draft, user=staff.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("campaign", campaign.public_id)
    context = {"form": form, "campaign": campaign, "was_approved": version and version.approved_at}
    return render(request, "mailings/text.html", context)


def campaign(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a campaign: before it is sent who would get it, and afterwards what became of it."""
    staff = cast(StaffRequest, request)
    found = _find(staff, public_id)
    version = _own_version(staff, found)
    context: dict[str, Any] = {"campaign": found, "version": version}
    if found.state not in (Campaign.State.DONE, Campaign.State.CANCELLED):
        context["not_live"] = services.not_live(found)
    if version is not None:
        context["letter"] = rendering.prepare(version, partners=found.on_behalf_of())
        before = found.state in (Campaign.State.DRAFT, Campaign.State.SCHEDULED)
        context["tally"] = (
            audience.preview(version) if before else audience.report(found, staff.organisation.pk)
        )
        context["sample"] = audience.sample(version) if before else []
        if before and found.members_only:
            context["at_work"] = membership.at_work(version)
            context["telling"] = membership.telling(version)
        given = JointApproval.objects.filter(version=version).select_related("partner", "user")
        context["approvals"] = given.order_by("approved_at")
        audit.listed(people=[point.supporter for point in context["sample"]], page="campaign")
        context["may_approve"] = (
            found.is_draft
            and not version.approved_at
            and version.author_id != staff.user.pk
            and version.checked_by_id != staff.user.pk
            and staff.user.pk not in {approval.user_id for approval in given}
        )
    context["is_late"] = courses.is_late(found)
    if found.started_at:
        context["progress"] = audience.progress(found)
        context["doubt"] = doubts.of(found)
        context["totals"] = figures.for_joint_organisers(found)
        if not found.is_coordinated:
            context["outcomes"] = outcomes.of(found)
    return render(request, "mailings/campaign.html", context)


@require_POST
def test(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send the text to one's own address."""
    staff = cast(StaffRequest, request)
    campaign = _find(staff, public_id)
    version = _own_version(staff, campaign)
    if version is not None:
        try:
            dispatch.send_test(version=version, partners=campaign.on_behalf_of(), user=staff.user)
        except (dispatch.RelayUnavailableError, dispatch.Refused):
            messages.error(request, "The mail server did not take the test. Try again in a minute.")
        else:
            messages.success(request, "A test is on its way to your own address.")
    return redirect("campaign", campaign.public_id)


@require_POST
def approve(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Approve one's own organisation's text, written by somebody else."""
    staff = cast(StaffRequest, request)
    campaign = _find(staff, public_id)
    version = get_object_or_404(Version, campaign=campaign, organisation=staff.organisation)
    try:
        campaign = services.approve(version=version, user=staff.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if campaign.state == Campaign.State.SCHEDULED:
            wake(freeze, campaign.pk)
            messages.success(request, "Approved. It is sent at its time.")
        elif campaign.mentions_candidate and not campaign.is_joint:
            messages.success(request, "Approved. A second approval is needed for each text.")
        else:
            messages.success(request, "Approved. The other organisation has not approved yet.")
    return redirect("campaign", campaign.public_id)


@require_POST
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Call a campaign off."""
    campaign = _find(cast(StaffRequest, request), public_id)
    try:
        services.cancel(campaign=campaign)
        messages.success(request, "Called off. Nobody gets it who has not got it yet.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("campaign", campaign.public_id)


@require_POST
def pause(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Pause a campaign that is being sent."""
    campaign = _find(cast(StaffRequest, request), public_id)
    try:
        courses.pause(campaign=campaign)
        messages.success(request, "Paused. No more emails go out until somebody goes on.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("campaign", campaign.public_id)


@require_POST
def go_on(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Go on with a campaign that is paused, or send one now that is late."""
    campaign = _find(cast(StaffRequest, request), public_id)
    try:
        courses.go_on(campaign=campaign)
        messages.success(request, "It goes on within a few seconds.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("campaign", campaign.public_id)


def doubt(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the emails that may have been sent, and decide about them; only whose the campaign is may."""
    staff = cast(StaffRequest, request)
    campaign = get_object_or_404(Campaign, public_id=public_id, organisation=staff.organisation)
    if request.method == "POST":
        again = request.POST.get("choice") == "again"
        doubts.decide(campaign=campaign, send_again=again)
        said = "They are sent again." if again else "They are not sent again."
        messages.success(request, said)
        return redirect("campaign", campaign.public_id)
    people = doubts.people(campaign)
    audit.listed(people=people, page="emails that may have been sent")
    context = {"campaign": campaign, "found": doubts.of(campaign), "people": people}
    return render(request, "mailings/doubt.html", context)


def outcome(request: HttpRequest, public_id: uuid.UUID, code: str) -> HttpResponse:
    """List whose email of an own campaign came to one outcome; of a coordinated one nobody may know whose did."""
    campaign = _own_outcome(cast(StaffRequest, request), public_id, code)
    shown = page(request, outcomes.people(campaign, code), size=PAGE)
    audit.listed(people=shown.rows, page="emails by outcome")
    context = {"campaign": campaign, "code": code, "label": outcomes.LABELS[code], "page": shown}
    return render(request, "mailings/outcome.html", context)


def _own_outcome(request: StaffRequest, public_id: uuid.UUID, code: str) -> Campaign:
    own = Campaign.objects.exclude(mode=Campaign.Mode.COORDINATED)
    if code not in outcomes.LABELS:
        raise Http404
    return get_object_or_404(own, public_id=public_id, organisation=request.organisation)


def export_outcome(request: HttpRequest, public_id: uuid.UUID, code: str) -> HttpResponse:
    """Ask for a file of those whose email of an own campaign came to one outcome."""
    staff = cast(StaffRequest, request)
    campaign = _own_outcome(staff, public_id, code)
    form = GroupExportForm(request.POST or None)
    what = f"{outcomes.LABELS[code]}: {campaign.name}"
    if request.method == "POST" and form.is_valid():
        made = exports.request(
            organisation=staff.organisation,
            user=staff.user,
            group=exportable.name(campaign, code),
            what=what,
            **form.cleaned_data,
        )
        wake(make_export, made.pk)
        messages.success(request, "It is being made. Load this page again in a minute.")
        return redirect("exports")
    return render(request, "crm/add_export.html", {"form": form, "what": what})


@require_POST
def copy(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Begin a new campaign with the text of this one."""
    staff = cast(StaffRequest, request)
    campaign = _find(staff, public_id)
    new = services.copy(campaign=campaign, organisation=staff.organisation, user=staff.user)
    messages.success(request, "Copied. Give the copy its own name and text.")
    return redirect("campaign", new.public_id)


def why(request: HttpRequest, public_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """Say why a person did, or did not, get a campaign, with what was said and when."""
    staff = cast(StaffRequest, request)
    campaign = _find(staff, public_id)
    version = get_object_or_404(Version, campaign=campaign, organisation=staff.organisation)
    found = get_object_or_404(
        Supporter.objects.select_related("canonical"),
        public_id=person_id,
        organisation=staff.organisation,
    )
    person = found.canonical
    answer = explaining.explain(campaign, version, person)
    context = {"campaign": campaign, "person": person, "answer": answer}
    return render(request, "mailings/why.html", context)


@steward_required
def steward_figures(request: HttpRequest) -> HttpResponse:
    """Show the steward the totals of campaigns of several organisations."""
    return render(
        request, "mailings/steward_figures.html", {"campaigns": figures.for_the_steward()}
    )


def person_mail(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show which campaigns meant a person, whether they were included, and why not."""
    staff = cast(StaffRequest, request)
    person = get_object_or_404(Supporter, public_id=public_id, organisation=staff.organisation)
    audit.viewed(person=person, page="emails to a person")
    return render(
        request, "mailings/person_mail.html", {"person": person, "entries": history.of(person)}
    )
