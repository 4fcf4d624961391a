"""Sign-up wordings, types of email and the imprint: for admins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from crm.access import admin_required
from crm.forms.settings import OrganisationForm, PurposeForm, TopicForm, WordingForm
from crm.middleware import StaffRequest
from crm.models import Organisation, Purpose, Role, SignUpForm, Statement, Topic, WordingPicture
from crm.services import organisations as services


@admin_required
def settings(request: StaffRequest) -> HttpResponse:
    """Show what an organisation has set up."""
    own = {"organisation": request.organisation}
    forms = SignUpForm.objects.select_related("organisation")  # one's own, and the coalition's
    context = {
        "wordings": Statement.objects.filter(**own).order_by("code", "-version"),
        "topics": Topic.objects.filter(**own),
        "roles": Role.objects.order_by("is_special", "label"),
        "sign_up_forms": forms.order_by("-organisation__is_partner", "title"),
        "purposes": Purpose.objects.filter(organisation=request.organisation).order_by("pk"),
    }
    return render(request, "crm/settings.html", context)


@admin_required
def add_wording(request: StaffRequest, code: str = "") -> HttpResponse:
    """Add a sign-up wording, or another version of one."""
    own = Statement.objects.filter(organisation=request.organisation, code=code)
    latest = own.order_by("-version").first()
    if code and latest is None:
        raise Http404
    initial = (
        {"words": latest.words, "requires_confirmation": latest.requires_confirmation}
        if latest
        else {}
    )
    form = WordingForm(
        request.POST or None,
        request.FILES or None,
        organisation=request.organisation,
        code=code,
        initial=initial,
    )
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
        "title": f"Add a version of {code}" if code else "Add a sign-up wording",
        "lede": "It is kept word for word. It cannot be changed later: add a new one instead.",
    }
    return render(request, "crm/settings_form.html", context)


@admin_required
def wording_picture(request: StaffRequest, public_id: UUID) -> HttpResponse:
    """Give the picture of a wording of one's own organisation."""
    picture = get_object_or_404(
        WordingPicture, organisation=request.organisation, statement__public_id=public_id
    )
    return HttpResponse(bytes(picture.content), content_type=picture.kind)


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
def add_topic(request: StaffRequest) -> HttpResponse:
    """Add a topic that people may choose to hear about."""
    form = TopicForm.of(request.organisation)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"{form.instance} can be chosen from now on.")
        return redirect("settings")
    context = {
        "form": form,
        "title": "Add a topic",
        "lede": "People can tick it on your sign-up forms, and untick it on their page.",
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
