"""Who may open which page, beyond being signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from crm.middleware import StaffRequest
from crm.models import Membership

View = Callable[..., HttpResponse]


def admin_required(view: View) -> View:
    """Let only admins of the chosen organisation in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        membership = cast(StaffRequest, request).membership
        if membership is None or membership.role != Membership.Role.ADMIN:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
