"""The gate says yes only to those who said yes, and names every reason otherwise."""

from __future__ import annotations

import pytest

from crm import consent
from crm.models import ContactPoint, Organisation
from crm.reasons import Reason
from crm.sql import fold
from tests import factories

pytestmark = pytest.mark.django_db


def reasons(point: ContactPoint) -> Reason:
    fold.rebuild()
    question = consent.Question(purpose_id=factories.purpose(point.organisation).pk)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question).get()
    return Reason(decided.reasons)  # type: ignore[attr-defined]


def test_a_yes_with_its_wording_may_be_mailed(socr: Organisation) -> None:
    point = factories.address(factories.supporter(socr))
    factories.granted(point)
    assert reasons(point) == Reason(0)


def test_somebody_who_said_nothing_may_not_be_mailed(socr: Organisation) -> None:
    factories.purpose(socr)
    point = factories.address(factories.supporter(socr))
    assert reasons(point) == Reason.NO_CONSENT_RECORDED
