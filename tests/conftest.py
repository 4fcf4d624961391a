"""What all tests share: the organisations, and the scope in which the code under test runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from crm import wall
from crm.models import Organisation
from tests import factories


@pytest.fixture(autouse=True)
def _role_is_given_back() -> Iterator[None]:
    """A page that failed inside a test's outer transaction must not leave its role to the next."""
    yield
    if connection.connection is not None and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


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
