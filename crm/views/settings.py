"""Sign-up wordings, types of email, the imprint, and colleagues: for admins."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from crm.access import admin_required
from crm.forms.settings import InviteForm, OrganisationForm, PurposeForm, WordingForm
from crm.middleware import StaffRequest
from crm.models import Membership, Purpose, Statement, User
from crm.services import organisations as services


@admin_required
def settings(request: HttpRequest) -> HttpResponse:
    """Show what an organisation has set up."""
    organisation = cast(StaffRequest, request).organisation
    context = {
        "wordings": Statement.objects.filter(organisation=organisation),
        "purposes": Purpose.objects.filter(organisation=organisation),
    }
    return render(request, "crm/settings.html", context)


@admin_required
def add_wording(request: HttpRequest) -> HttpResponse:
    """Add a sign-up wording."""
    staff = cast(StaffRequest, request)
    form = WordingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_wording(organisation=staff.organisation, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            messages.success(request, "The wording is kept. Imports can name it now.")
            return redirect("settings")
    context = {"form": form, "title": "Add a sign-up wording"}
    return render(request, "crm/settings_form.html", context)


@admin_required
def edit_purpose(request: HttpRequest, code: str | None = None) -> HttpResponse:
    """Add a type of email, or change its words."""
    organisation = cast(StaffRequest, request).organisation
    purpose = get_object_or_404(Purpose, organisation=organisation, code=code) if code else None
    form = PurposeForm(request.POST or None, instance=purpose)
    if request.method == "POST" and form.is_valid():
        form.instance.organisation = organisation
        form.instance.code = code or slugify(form.cleaned_data["name"])[:40]
        form.save()
        messages.success(request, "Saved.")
        return redirect("settings")
    context = {"form": form, "title": "Change a type of email" if code else "Add a type of email"}
    return render(request, "crm/settings_form.html", context)


@admin_required
def edit_organisation(request: HttpRequest) -> HttpResponse:
    """Change one's own organisation's imprint and sender."""
    organisation = cast(StaffRequest, request).organisation
    form = OrganisationForm(request.POST or None, instance=organisation)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved. The next campaign carries it.")
        return redirect("settings")
    context = {"form": form, "title": "Imprint and sender"}
    return render(request, "crm/settings_form.html", context)


@admin_required
def staff(request: HttpRequest) -> HttpResponse:
    """Show who works here, and invite a colleague."""
    scoped = cast(StaffRequest, request)
    form = InviteForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        try:
            membership = services.invite(organisation=scoped.organisation, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            user = User.objects.get(pk=membership.user_id)
            if not user.has_usable_password():
                parts = services.invitation_path(user=user)
                link = request.build_absolute_uri(reverse("accept-invitation", args=parts))
            form = InviteForm()
            messages.success(request, "They have their role now.")
    members = Membership.objects.filter(organisation=scoped.organisation).select_related("user")
    context = {"members": members.order_by("user__name", "user__email"), "form": form, "link": link}
    return render(request, "crm/staff.html", context)


@admin_required
@require_POST
def remove_staff(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a leaver's role away."""
    scoped = cast(StaffRequest, request)
    membership = get_object_or_404(
        Membership, public_id=public_id, organisation=scoped.organisation
    )
    try:
        services.remove(membership=membership, by=scoped.user)
        messages.success(request, "They no longer work here and can see nothing of the list.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("staff")
