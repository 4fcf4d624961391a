"""Finding one person's several entries: exact on the address, with compatible names.

Within an organisation they become one supporter; across organisations one person, of which staff never
learn. A shared or family inbox with other names is two people (docs/explanation/consent.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from django.db import transaction

from crm import wall
from crm.identity import addresses, names
from crm.models import ContactPoint, Organisation
from crm.services import permissions, profiles
from crm.sql import matching as sql


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


@dataclass(frozen=True, slots=True)
class Matched:
    """What a run of matching did: entries merged within an organisation, and linked across."""

    merged: int
    linked: int
    left_for_review: int


def match_lists() -> Matched:
    """Merge the certain duplicates of each organisation and link the certain pairs across them.

    One run at a time; running it again finds nothing new. Both can be undone, and what people decided stays.
    """
    with transaction.atomic(), wall.scope("platform"):
        sql.one_at_a_time()
        grown = sql.merge_within()
        profiles.refresh(supporter_ids=sorted(set(grown)))
        permissions.refold(supporter_ids=sorted(set(grown)))
        organisations = Organisation.objects.order_by("pk").values_list("pk", flat=True)
        results = [sql.link_across(one, other) for one, other in combinations(organisations, 2)]
        asked = sql.ask()
    return Matched(
        merged=len(grown),
        linked=sum(linked for linked, _ in results),
        left_for_review=asked + sum(unclear for _, unclear in results),
    )
