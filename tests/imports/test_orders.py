"""The order of rows in a file, and of files, changes nobody's permission."""

from __future__ import annotations

import random
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm import consent
from crm.models import Channel, ContactPoint, Organisation
from crm.sql import fold
from tests import factories
from tests.imports.conftest import HEAD, bring

PEOPLE = (
    ("jo@example.org", "Jo", "Lee"),
    ("jo@example.org", "Max", "Lee"),
    ("al@example.org", "Al", "Ito"),
    ("al+x@example.org", "Al", "Ito"),
    ("pat@example.org", "Pat", "Roe"),
)
SAID = (
    ("yes", "2026-01-10"),
    ("yes", "2026-02-10"),
    ("no", "2026-01-20"),
    ("unsubscribed", "2026-03-01"),
    ("bounced", ""),
    ("", ""),
)
ROWS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(SAID)), min_size=1, max_size=5)


def permissions(where: Organisation) -> set[tuple[str, int]]:
    """Each address, and every reason against emailing it."""
    asked = consent.decide(
        ContactPoint.objects.filter(organisation=where, channel=Channel.EMAIL),
        consent.Question(purpose_id=factories.purpose(where).pk),
    )
    return set(asked.values_list("folded", "reasons"))


def after(where: Organisation, files: list[list[Any]]) -> set[tuple[str, int]]:
    """What holds after these files, one after the other; and nothing of them stays."""
    with transaction.atomic():
        statement = factories.statement(where)
        for number, rows in enumerate(files):
            table = [HEAD, *([*who, *said] for who, said in rows)]
            bring(where, table, statement=statement, name=f"{number}.csv")
        found = permissions(where)
        assert fold.differences() == 0
        transaction.set_rollback(True)
    return found


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],  # each example is several imports: to shrink one takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=st.lists(ROWS, min_size=2, max_size=3, unique_by=str), seed=st.integers(0, 9))
def test_any_order_of_rows_and_of_files_gives_the_same_permissions(
    socr: Organisation, files: list[list[Any]], seed: int
) -> None:
    chance = random.Random(seed)
    orders = [files, files[::-1], [chance.sample(rows, len(rows)) for rows in files]]
    first, *others = (after(socr, order) for order in orders)
    assert others == [first] * len(others)
