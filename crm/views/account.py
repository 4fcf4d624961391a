"""Signing in, choosing the organisation, accepting an invitation."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import urlsafe_base64_decode
from django.views.decorators.cache import never_cache

from crm.forms.account import AcceptInvitationForm, SignInForm
from crm.middleware import SESSION_KEY, StaffRequest
from crm.models import Membership, User


@method_decorator(login_not_required, name="dispatch")
class SignIn(views.LoginView):
    """Sign in with an email address and a password."""

    authentication_form = SignInForm
    redirect_authenticated_user = True


@login_not_required
@never_cache
def accept_invitation(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Let a new colleague choose a name and a password, and sign them in. GET changes nothing."""
    if request.user.is_authenticated:
        messages.warning(request, "You are signed in. Sign out before you accept an invitation.")
        return redirect("home")
    user = _invited(uidb64)
    if user is None or not default_token_generator.check_token(user, token):
        return render(request, "registration/invitation_over.html", status=410)
    form = AcceptInvitationForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("home")
    context = {"form": form, "invitation": user}
    return render(request, "registration/accept_invitation.html", context)


def _invited(uidb64: str) -> User | None:
    """Give the account that an invitation names, or None."""
    try:
        return User.objects.filter(pk=int(urlsafe_base64_decode(uidb64)), is_active=True).first()
    except (ValueError, OverflowError):
        return None


def choose_organisation(request: StaffRequest) -> HttpResponse:
    """Choose the organisation to work in: one's own, or the joint list."""
    if request.method == "POST":
        code = request.POST.get("organisation", "").replace("\0", "")
        membership = get_object_or_404(
            Membership.objects.select_related("organisation"),
            user=request.user,
            organisation__code=code,
        )
        request.session[SESSION_KEY] = membership.organisation.code
        messages.success(request, f"You are working for {membership.organisation} now.")
        return redirect("home")
    return render(request, "crm/choose_organisation.html")
