"""Keeps profiles, folded names and search terms true to the records."""

from __future__ import annotations

from collections.abc import Sequence

from crm.identity import names, postcodes, search
from crm.sql import people


def refresh(
    *,
    supporter_ids: Sequence[int],
    reached: Sequence[int] | None = None,
    may_empty: bool = False,
) -> None:
    """Choose the profiles of these canonical supporters afresh, and what they are found by.

    `reached` are those of them whose addresses or numbers may have changed, all if it is not given: nobody else is
    found by other words than before, unless their profile changed. `may_empty`: a record may have gone. One pass of
    plain functions over the people, and four statements however many they are.
    """
    if not supporter_ids:
        return
    changed = people.choose_profiles(supporter_ids, may_empty=may_empty)
    if reached is not None:
        supporter_ids = sorted({*changed, *reached})
    found = people.profiles(supporter_ids)
    people.write_folds(
        [
            (who, list(names.forms(first)), names.fold(last), postcodes.fold(postcode))
            for who, _, first, last, postcode, _, _, _ in found
        ]
    )
    people.write_terms(
        supporter_ids,
        [
            (organisation, who, term)
            for who, organisation, first, last, postcode, external_id, emails, numbers in found
            for term in search.terms(
                first_name=first,
                last_name=last,
                emails=emails,
                phone_numbers=numbers,
                postcode=postcode,
                external_id=external_id,
            )
        ],
    )
