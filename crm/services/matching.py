"""Whom an organisation has already, when somebody comes: exact on the address, with compatible names.

A shared or family inbox with other names is two people (docs/explanation/consent.md). What this does not see, a run
over the lists does (crm/services/match_lists.py).
"""

from __future__ import annotations

from crm.identity import addresses, names
from crm.models import ContactPoint, Organisation


def find(*, organisation_id: int, folded: str, first_name: str, last_name: str) -> int | None:
    """Give the canonical supporter of this organisation who has the address and a compatible name, or None.

    The same rule as for an import's rows: a role's inbox needs both names, and the oldest entry wins.
    """
    if not folded:
        return None
    forms, last = names.forms(first_name), names.fold(last_name)
    if addresses.is_role_mailbox(folded) and not (forms and last):
        return None
    entries = (
        ContactPoint.objects.filter(organisation_id=organisation_id, folded=folded, channel=1)
        .order_by("supporter__canonical_id")
        .values_list(
            "supporter__canonical_id",
            "supporter__canonical__name_forms",
            "supporter__canonical__last_fold",
        )
    )
    for supporter_id, other_forms, other_last in entries:
        if addresses.is_role_mailbox(folded) and not (other_forms and other_last):
            continue
        if names.compatible(forms, last, tuple(other_forms), other_last):
            return int(supporter_id)
    return None


def with_joint(point: ContactPoint) -> list[ContactPoint]:
    """Give an address of a person, and the same person's on the joint list, if they are on it.

    Nothing of any other partner. Platform scope.
    """
    found = [point]
    joint = Organisation.objects.filter(is_partner=False).exclude(pk=point.organisation_id).first()
    if joint is None:
        return found
    supporter_id = find(
        organisation_id=joint.pk,
        folded=point.folded,
        first_name=point.supporter.canonical.first_name,
        last_name=point.supporter.canonical.last_name,
    )
    there = ContactPoint.objects.select_related("supporter__canonical").filter(
        supporter__canonical=supporter_id, channel=1, folded=point.folded, retired_at=None
    )
    return found + list(there.filter(organisation=joint) if supporter_id else [])
