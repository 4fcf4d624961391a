"""Linking one person's entries at several organisations, of which no organisation learns.

A link does two things: one copy for each person in coordinated campaigns, and *stop everything* at all of a person's
addresses. It gives nobody permission, and no profile is joined. The platform links; so does the steward, through
functions that mask and note (crm/services/steward.py).
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.models import Supporter
from crm.sql import linking as sql


def link(*, one: Supporter, other: Supporter, rule: str) -> None:
    """Accept two supporters of different organisations as one person. Platform scope.

    Linked already, nothing changes. Raises ValidationError where either is linked to somebody else.
    """
    with transaction.atomic():
        if trouble := sql.link(one.pk, other.pk, rule):
            raise ValidationError(trouble)


def unlink(*, supporter: Supporter) -> None:
    """Take a supporter out of the person they are linked to; unlinked already, nothing changes. Platform scope."""
    with transaction.atomic():
        sql.unlink(supporter.pk)
