"""Sign-up wordings, types of email and the imprint: for admins."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from crm.access import admin_required
from crm.forms.settings import OrganisationForm, PurposeForm, WordingForm
from crm.middleware import StaffRequest
from crm.models import Organisation, Purpose, Statement
from crm.services import organisations as services


@admin_required
def settings(request: StaffRequest) -> HttpResponse:
    """Show what an organisation has set up."""
    context = {
        "wordings": Statement.objects.filter(organisation=request.organisation),
        "purposes": Purpose.objects.filter(organisation=request.organisation).order_by("pk"),
    }
    return render(request, "crm/settings.html", context)


@admin_required
def add_wording(request: StaffRequest) -> HttpResponse:
    """Add a sign-up wording."""
    form = WordingForm(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_wording(organisation=request.organisation, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The wording is kept. Imports can name it now.")
            return redirect("settings")
    context = {
        "form": form,
        "title": "Add a sign-up wording",
        "lede": "It is kept word for word. It cannot be changed later: add a new one instead.",
    }
    return render(request, "crm/settings_form.html", context)


@admin_required
def edit_purpose(request: StaffRequest, code: str | None = None) -> HttpResponse:
    """Add a type of email, or change its words."""
    organisation = request.organisation
    purpose = get_object_or_404(Purpose, organisation=organisation, code=code) if code else None
    form = PurposeForm.of(organisation)(request.POST or None, instance=purpose)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"{form.instance.name} is saved.")
        return redirect("settings")
    context = {
        "form": form,
        "title": "Change a type of email" if code else "Add a type of email",
        "lede": ""
        if code
        else "Nobody has said yes to it so far. A yes to another type does not count for it.",
    }
    return render(request, "crm/settings_form.html", context)


@admin_required
def edit_organisation(request: StaffRequest) -> HttpResponse:
    """Change one's own organisation's imprint and sender."""
    own = Organisation.objects.get(pk=request.organisation.pk)
    form = OrganisationForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved. The next campaign carries it.")
        return redirect("settings")
    context = {
        "form": form,
        "title": "Imprint and sender",
        "lede": "Every email says who sent it and from where.",
    }
    return render(request, "crm/settings_form.html", context)
