"""What all tests share: the organisations, the scope in which the code under test runs, and how examples are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, settings

from crm import wall
from crm.models import Organisation
from tests import factories

# Property tests draw the same examples on every run, and take no longer on a slow machine.
settings.register_profile(
    "coalesce",
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    # The organisations and wordings of a test are made once; each example is written in a savepoint.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("coalesce")


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
