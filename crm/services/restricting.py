"""Stopping to use somebody's details for a while (UK GDPR Art. 18), and recording that somebody has died."""

from __future__ import annotations

from django.db import transaction

from crm.models import Case, Supporter, User
from crm.services import cases


def restrict(case: Case, *, by: User) -> None:
    """Leave a person out of every segment and email, and let staff look only; the second time does nothing."""
    _set(case, to=True, words="Their details are not used for now.", by=by)


def lift(case: Case, *, by: User) -> None:
    """Use a person's details again; the person must have been told before (Art. 18(3))."""
    _set(case, to=False, words="Their details are used again.", by=by)


def _set(case: Case, *, to: bool, words: str, by: User) -> None:
    assert case.supporter is not None
    with transaction.atomic():
        entries = Supporter.objects.filter(canonical=case.supporter.canonical_id)
        if entries.exclude(restricted=to).update(restricted=to):
            cases.log(case, words, by=by)


def record_death(*, person: Supporter, family_contact: str) -> None:
    """Stop all mail of this organisation to somebody who has died, and keep how to reach the family.

    No other organisation is told (docs/reference/scenarios.md, 85). Staff scope.
    """
    with transaction.atomic():
        entries = Supporter.objects.filter(canonical=person.canonical_id)
        entries.update(deceased=True)
        entries.filter(pk=person.canonical_id).update(family_contact=family_contact.strip())
