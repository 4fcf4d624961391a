"""Who may open which page, beyond being signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from crm.middleware import StaffRequest
from crm.models import Membership

View = Callable[..., HttpResponse]
AnyView = Callable[..., HttpResponseBase]
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


def is_officer(request: HttpRequest) -> bool:
    """Tell whether the user looks after the people of one branch only."""
    membership = cast(StaffRequest, request).membership
    return membership is not None and membership.branch_id is not None


def whole_organisation(view: AnyView) -> AnyView:
    """Let only those in who look after the whole organisation: campaigns, exports and segments are about all."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_officer(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def is_steward(request: HttpRequest) -> bool:
    """Tell whether the user is the data steward, who works for no organisation."""
    return request.user.is_authenticated and request.user.is_steward


def steward_required(view: View) -> View:
    """Let only the data steward in; to everybody else the page is not there."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_steward(request):
            raise Http404
        return view(request, *args, **kwargs)

    guarded.for_steward = True  # type: ignore[attr-defined]
    return guarded


class MembershipRequiredMiddleware:
    """Sends those who work for no organisation (any more) to the page that says so, whatever they ask for.

    The data steward has pages of their own, and every other is not there.
    """

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
        name = match.url_name if match else None
        if is_steward(request):
            if name == "home":
                return redirect("steward")
            if name == "sign-out" or getattr(view, "for_steward", False):
                return None
            is_public = not getattr(view, "login_required", True)
            if not is_public or (match is not None and match.namespace == "admin"):
                raise Http404
        if (
            not request.user.is_authenticated
            or cast(StaffRequest, request).membership is not None
            or not getattr(view, "login_required", True)
            or name in OPEN_TO_THOSE_WITHOUT
        ):
            return None
        return redirect("choose-organisation")
