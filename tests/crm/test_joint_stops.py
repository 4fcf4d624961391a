"""Telling a partner to stop ends joint mail: before there was a joint list, and the second time as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Action, ConsentEvent, ContactPoint, Organisation, Source
from crm.reasons import Reason
from crm.services import lessening, permissions
from crm.sql import fold
from crm.tokens import Preference
from tests import factories
from tests.crm.public import EMAIL, reasons, said_yes

pytestmark = pytest.mark.django_db


def link(point: ContactPoint) -> Preference:
    return Preference(point.public_id, point.organisation_id)


STOPS: list[Callable[[Preference], Any]] = [
    lambda preference: lessening.stop_inbox(preference=preference, one_click=True),
    lambda preference: lessening.stop_person(preference=preference),
]


def joins(coalition: Organisation, socr: Organisation, **extra: object) -> ContactPoint:
    """The person says yes to joint mail now."""
    point = ContactPoint.objects.filter(organisation=coalition).first() or factories.address(
        factories.supporter(coalition), EMAIL
    )
    words = factories.statement(coalition, names_also=(socr,), names_owner=False)
    factories.granted(point, statement=words, at=timezone.now(), **extra)
    fold.rebuild()
    return point


@pytest.mark.parametrize("stop", STOPS)
def test_a_partner_that_was_stopped_already_and_is_told_again_ends_what_was_joined_since(
    stop: Callable[[Preference], Any], socr: Organisation, coalition: Organisation
) -> None:
    here = said_yes(socr)
    fold.rebuild()
    stop(link(here))
    there = joins(coalition, socr)
    assert reasons(there) == Reason(0)
    act = stop(link(here))
    assert reasons(there) == Reason.JOINT_NEEDS_BOTH
    permissions.refold_act(act_id=act)
    assert reasons(there) == Reason.JOINT_NEEDS_BOTH
    assert fold.differences() == 0
    before = ConsentEvent.objects.count()
    stop(link(here))
    assert ConsentEvent.objects.count() == before


def test_a_stop_from_before_there_was_a_joint_list_holds_for_it(socr: Organisation) -> None:
    here = said_yes(socr)
    lessening.stop_person(preference=link(here))
    coalition = factories.organisation("JOINT", is_partner=False)
    batch = factories.batch(coalition)
    there = joins(coalition, socr, source=Source.IMPORT, batch=batch)
    assert Reason.JOINT_NEEDS_BOTH in reasons(there)


def test_the_partner_that_was_told_before_is_not_named(socr: Organisation) -> None:
    here = said_yes(socr)
    lessening.stop_inbox(preference=link(here), one_click=True)
    coalition = factories.organisation("JOINT", is_partner=False)
    (told,) = ConsentEvent.objects.filter(organisation=coalition)
    assert (told.action, told.source, told.source_detail, told.supporter, told.contact_point) == (
        Action.UNSUB_ALL_ORG,
        Source.PERSONAL,
        "",
        None,
        None,
    )
