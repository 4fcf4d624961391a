"""Signing in and accepting an invitation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.core.exceptions import ValidationError

from crm.models import User
from crm.services import signing_in


class SignInForm(AuthenticationForm):
    """Email address and password; pasting and password managers work."""

    error_messages = {
        "invalid_login": "The email address or the password is not right. Check both and try again.",
        "inactive": "This account is closed. Ask an admin of your organisation.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Email"
        attrs = {"autocomplete": "username", "autofocus": True}
        self.fields["username"].widget = forms.EmailInput(attrs=attrs)

    def clean(self) -> dict[str, Any]:
        """Check the password, unless there were too many tries; whether there is an account makes no difference."""
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not (email and password and self.request):
            return super().clean()
        tried = signing_in.Tried(email=email, client=signing_in.client_address(self.request.META))
        if seconds := signing_in.count(tried=tried):
            wait = "1 minute" if seconds <= 60 else f"{-(-seconds // 60)} minutes"
            raise ValidationError(
                f"There were too many tries to sign in. Wait {wait}, then try again."
            )
        cleaned = super().clean()
        signing_in.forget(tried=tried)
        return cleaned


class AcceptInvitationForm(SetPasswordForm):  # type: ignore[type-arg]
    """The name and first password of a new colleague."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="Colleagues see it beside what you do.",
    )
    field_order = ["name", "new_password1", "new_password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "Password"
        self.fields[
            "new_password1"
        ].help_text = "12 characters or more. Three words make a good one."
        self.fields["new_password2"].label = "The same password again"
        self.fields["new_password2"].help_text = ""

    def save(self, commit: bool = True) -> User:
        """Set the name with the password."""
        self.user.name = self.cleaned_data["name"]
        saved: User = super().save(commit)
        return saved
