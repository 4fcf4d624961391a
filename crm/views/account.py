"""Signing in and out, choosing the organisation, accepting an invitation."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.tokens import default_token_generator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import urlsafe_base64_decode

from crm.forms.account import AcceptInvitationForm, SignInForm
from crm.middleware import SESSION_KEY, StaffRequest
from crm.models import Membership, User


@method_decorator(login_not_required, name="dispatch")
class SignIn(views.LoginView):
    """Sign in with an email address and a password."""

    authentication_form = SignInForm
    redirect_authenticated_user = True


@login_not_required
def accept_invitation(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Let a new colleague choose a name and a password, and sign them in."""
    try:
        user = User.objects.get(pk=int(urlsafe_base64_decode(uidb64)))
    except (ValueError, User.DoesNotExist) as error:
        raise Http404 from error
    if not default_token_generator.check_token(user, token):
        return render(request, "registration/invitation_over.html", status=410)
    form: Any = AcceptInvitationForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("home")
    return render(
        request, "registration/accept_invitation.html", {"form": form, "invitation": user}
    )


def choose_organisation(request: HttpRequest) -> HttpResponse:
    """Choose the organisation to work in: one's own, or the joint list."""
    staff = cast(StaffRequest, request)
    if request.method == "POST":
        membership = get_object_or_404(
            Membership, user=staff.user, organisation__code=request.POST.get("organisation", "")
        )
        request.session[SESSION_KEY] = membership.organisation.code
        messages.success(request, f"You now see the list of {membership.organisation}.")
        return redirect("home")
    return render(request, "crm/choose_organisation.html")
