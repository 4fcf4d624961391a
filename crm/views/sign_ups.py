"""Sign-up forms, for admins: what they ask, where they stand, and the boxes on them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from crm.access import admin_required
from crm.forms.sign_ups import BoxForm, SignUpFormForm
from crm.middleware import StaffRequest
from crm.models import SignUpBox, SignUpForm
from crm.services import organisations as services


@admin_required
def edit(request: StaffRequest, slug: str | None = None) -> HttpResponse:
    """Add a sign-up form, or change what it asks."""
    own = SignUpForm.objects.filter(organisation=request.organisation)
    instance = get_object_or_404(own, slug=slug) if slug else None
    form = SignUpFormForm.of(request.organisation)(request.POST or None, instance=instance)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"{saved} is saved.")
        return redirect("sign-up-form", saved.slug)
    context = {
        "form": form,
        "title": "Change a sign-up form" if slug else "Add a sign-up form",
        "lede": "" if slug else "You put the boxes on it in the next step.",
    }
    return render(request, "crm/settings_form.html", context)


@admin_required
def show(request: StaffRequest, slug: str) -> HttpResponse:
    """Show a form with one's own boxes on it, and add or remove one. The coalition's takes boxes of each partner."""
    # The policies show one's own forms and the coalition's.
    found = get_object_or_404(SignUpForm.objects.select_related("organisation"), slug=slug)
    boxes = SignUpBox.objects.filter(form=found, organisation=request.organisation)
    form = BoxForm(
        request.POST if request.POST.get("do") == "add" else None, organisation=request.organisation
    )
    if request.method == "POST":
        if request.POST.get("do") == "remove":
            _remove(request, found)
            return redirect("sign-up-form", slug)
        if form.is_valid():
            try:
                services.add_box(form=found, organisation=request.organisation, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, "The box is on the form.")
                return redirect("sign-up-form", slug)
    context = {
        "sign_up_form": found,
        "is_own": found.organisation_id == request.organisation.pk,
        "boxes": boxes.select_related("wording", "easy_wording", "purpose", "role"),
        "form": form,
        "address": settings.BASE_URL + reverse("join", args=[slug]),
        "frame_address": settings.BASE_URL + reverse("join-embedded", args=[slug]),
    }
    return render(request, "crm/sign_up_form.html", context)


def _remove(request: StaffRequest, form: SignUpForm) -> None:
    """Take a box of one's own off a form; who ticked it so far keeps what they said."""
    try:
        wording = uuid.UUID(request.POST.get("box", ""))
    except ValueError as error:
        raise PermissionDenied from error
    SignUpBox.objects.filter(
        form=form, organisation=request.organisation, wording__public_id=wording
    ).delete()
    messages.success(request, "The box is off the form.")
