"""Holds each request in one transaction, and gives it the rights of its user and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from crm import wall
from crm.models import Membership, Organisation, User

View = Callable[[HttpRequest], HttpResponse]
SESSION_KEY = "organisation"


class StaffRequest(HttpRequest):
    """A request of somebody who is signed in and has chosen an organisation they work for."""

    user: User
    organisation: Organisation
    membership: Membership


class VisitorMiddleware:
    """Opens the transaction as a visitor, who may read sessions and accounts only, and closes it when the
    response is rendered. A failed request leaves nothing behind.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer inside the visitor's transaction."""
        with wall.scope("visitor"):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
                return response
        return response


class OrganisationMiddleware:
    """Finds the organisation that the user works in, and takes the staff role for it."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer inside the scope of the organisation that was chosen, or of the user's only one."""
        staff = cast(StaffRequest, request)
        staff.organisation = staff.membership = None  # type: ignore[assignment]
        if request.user.is_authenticated and request.user.is_steward:
            wall.take("steward", user_id=request.user.pk)
        elif request.user.is_authenticated:
            memberships = list(
                Membership.objects.filter(user=request.user)
                .select_related("organisation", "branch")
                .order_by("-in_partner", "organisation__name")
            )
            chosen = request.session.get(SESSION_KEY)
            for membership in memberships:
                if staff.membership is None or membership.organisation.code == chosen:
                    staff.membership, staff.organisation = membership, membership.organisation
            request.other_organisations = [  # type: ignore[attr-defined]
                m.organisation for m in memberships if m != staff.membership
            ]
            if staff.membership is not None:
                branch_id = staff.membership.branch_id
                wall.take(
                    "officer" if branch_id else "staff",
                    organisation_id=staff.organisation.pk,
                    user_id=request.user.pk,
                    branch_id=branch_id,
                )
        return self.get_response(request)


def organisation_context(request: HttpRequest) -> dict[str, Any]:
    """Give every staff page the organisation it shows, and the others that the user may choose."""
    return {
        "organisation": getattr(request, "organisation", None),
        "organisations": getattr(request, "other_organisations", []),
        "membership": getattr(request, "membership", None),
    }
