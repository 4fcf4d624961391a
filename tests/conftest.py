"""What all tests share: the organisations, and the scope in which the code under test runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from crm import wall
from crm.models import Organisation
from tests import factories


@pytest.fixture(autouse=True)
def no_flood() -> None:
    """What one test sends is not counted against the next."""
    cache.clear()


@pytest.fixture
def socr(db: None) -> Organisation:
    return factories.organisation("SOCR", "Save Our Children’s Rights")


@pytest.fixture
def neu(db: None) -> Organisation:
    return factories.organisation("NEU", "National Education Union")


@pytest.fixture
def coalition(db: None) -> Organisation:
    return factories.organisation("JOINT", "The coalition", is_partner=False)


@pytest.fixture
def as_platform(db: None) -> Iterator[None]:
    with wall.scope("platform"):
        yield


@pytest.fixture
def as_keeper_of_socr(socr: Organisation) -> Iterator[None]:
    with wall.scope("keeper", organisation_id=socr.pk):
        yield
