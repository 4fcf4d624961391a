"""Colleagues: who works here, inviting one, and taking a leaver's role away. For admins."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access import admin_required
from crm.forms.people import BranchForm
from crm.forms.settings import InviteForm
from crm.middleware import StaffRequest
from crm.models import Membership
from crm.services import organisations as services


@admin_required
@never_cache
def staff(request: StaffRequest) -> HttpResponse:
    """Show who works here; `?invited=` shows the link of a colleague who has not accepted yet."""
    invited = _invited(request)
    context = {
        "members": _members(request).order_by("user__name", "user__email"),
        "invited": invited,
        "link": _link(request, invited) if invited else "",
    }
    return render(request, "crm/staff.html", context)


def _members(request: StaffRequest) -> QuerySet[Membership]:
    return Membership.objects.filter(organisation=request.organisation).select_related(
        "user", "branch"
    )


def _invited(request: StaffRequest) -> Membership | None:
    """Give the colleague whose link is asked for, unless they have a password already."""
    asked = request.GET.get("invited", "")
    return next(
        (
            member
            for member in _members(request)
            if str(member.public_id) == asked and not member.user.has_usable_password()
        ),
        None,
    )


def _link(request: StaffRequest, member: Membership) -> str:
    """Give the address by which a colleague chooses a name and a password."""
    parts = services.invitation_path(user=member.user)
    return request.build_absolute_uri(reverse("accept-invitation", args=parts))


@admin_required
def invite(request: StaffRequest) -> HttpResponse:
    """Give somebody a role here."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            member = services.invite(organisation=request.organisation, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{member.user.email} may work here now.")
            return redirect(f"{reverse('staff')}?{urlencode({'invited': member.public_id})}")
    return render(request, "crm/invite_staff.html", {"form": form})


@admin_required
def branch(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say which branch a colleague looks after."""
    member = get_object_or_404(_members(request).select_related("branch"), public_id=public_id)
    form = BranchForm(
        request.POST or None,
        initial={"branch": member.branch.public_id if member.branch else None},
        organisation=request.organisation,
        none="The whole organisation",
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.set_branch(membership=member, branch=form.cleaned_data["branch"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{member.user} looks after {member.branch or 'everyone'}.")
            return redirect("staff")
    return render(request, "crm/staff_branch.html", {"form": form, "member": member})


@admin_required
@require_POST
def remove(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a leaver's role away."""
    member = get_object_or_404(_members(request), public_id=public_id)
    try:
        services.remove(membership=member, by=request.user)
        messages.success(
            request, f"{member.user} no longer works here and sees nothing of the list."
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("staff")
