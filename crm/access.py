"""Who may open which page, beyond being signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from crm.middleware import StaffRequest
from crm.models import Membership

View = Callable[..., HttpResponse]
OPEN_TO_THOSE_WITHOUT = frozenset({"choose-organisation", "sign-out"})


def is_admin(request: HttpRequest) -> bool:
    """Tell whether the user is an admin of the organisation that they work in now, not of another."""
    membership = cast(StaffRequest, request).membership
    return membership is not None and membership.role == Membership.Role.ADMIN


def admin_required(view: View) -> View:
    """Let only admins of the chosen organisation in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_admin(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


class MembershipRequiredMiddleware:
    """Sends those who work for no organisation (any more) to the page that says so, whatever they ask for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; the decision is taken once the view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Answer in place of the view, unless it is open to everyone or to those without a role."""
        match = request.resolver_match
        if (
            not request.user.is_authenticated
            or cast(StaffRequest, request).membership is not None
            or not getattr(view, "login_required", True)
            or (match is not None and match.url_name in OPEN_TO_THOSE_WITHOUT)
        ):
            return None
        return redirect("choose-organisation")
