"""What matching keeps prepared says what the lists say, whatever happened to them since."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm import wall
from crm.matching import lists, prepared
from crm.matching.model import Model
from crm.models import ContactPoint, Organisation, Prepared, Supporter, Unmatched
from crm.services import match_lists
from crm.sql import prepared as sql
from crm.sql import unmatched
from tests import factories

pytestmark = pytest.mark.django_db
NAMES = ("Priya", "Liz", "Robert", "Siân", "Daniel")


def entries(*, forms: str = prepared.FORMS) -> list[tuple[Any, ...]]:
    """Whom a run would compare, and in which forms. With other `forms` than the code's, from the lists alone."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with wall.scope("platform"):
            unmatched.copy_lists(folder, forms=forms)
        with lists.opened(folder) as prepared_now:
            return prepared_now.execute(
                "SELECT * EXCLUDE (layer) FROM everyone WHERE issuer IS NOT NULL ORDER BY unique_id"
            ).fetchall()


def layers() -> list[int]:
    return sorted(set(Prepared.objects.values_list("layer", flat=True)))


def person(where: Organisation, number: int) -> Supporter:
    known = factories.supporter(where, NAMES[number % 5], "Okafor", postcode_fold=f"gu1{number}aa")
    factories.address(known, f"person{number}@example.org")
    return known


def renamed(known: Supporter, other: Supporter) -> None:
    Supporter.objects.filter(pk=known.pk).update(first_name="Gertrude")


def reached(known: Supporter, other: Supporter) -> None:
    factories.address(known, f"another{ContactPoint.objects.count()}@example.org")


def unreached(known: Supporter, other: Supporter) -> None:
    ContactPoint.objects.filter(supporter=known).update(retired_at="2026-03-01T00:00Z")


def reached_again(known: Supporter, other: Supporter) -> None:
    ContactPoint.objects.filter(supporter=known).update(retired_at=None)


def without_address(known: Supporter, other: Supporter) -> None:
    ContactPoint.objects.filter(supporter=known).delete()


def moved(known: Supporter, other: Supporter) -> None:
    ContactPoint.objects.filter(supporter=known).update(folded=Concat(Value("moved."), "folded"))


def joined(known: Supporter, other: Supporter) -> None:
    if other.pk < known.pk:
        Supporter.objects.filter(canonical=known.pk).update(canonical=other.canonical_id)


def parted(known: Supporter, other: Supporter) -> None:
    Supporter.objects.filter(pk=known.pk).update(canonical=known.pk)


def restricted(known: Supporter, other: Supporter) -> None:
    Supporter.objects.filter(pk=known.pk).update(restricted=True)


def free(known: Supporter, other: Supporter) -> None:
    Supporter.objects.filter(pk=known.pk).update(restricted=False)


def erased(known: Supporter, other: Supporter) -> None:
    Supporter.objects.filter(pk=known.pk).update(erased_at="2026-03-01T00:00Z", first_name="")


ACTS: tuple[Callable[[Supporter, Supporter], None], ...] = (
    renamed,
    reached,
    unreached,
    reached_again,
    without_address,
    moved,
    joined,
    parted,
    restricted,
    free,
    erased,
)


def prepare() -> None:
    """What a run does of everybody with a ticket, but for comparing."""
    with tempfile.TemporaryDirectory() as place, wall.scope("platform"):
        folder = Path(place)
        unmatched.copy_lists(folder, forms=prepared.FORMS)
        with lists.opened(folder) as prepared_now:
            stay = prepared.write(prepared_now, folder, folder / "layer")
        unmatched.see(folder / "tickets.csv")
        sql.store((folder / "layer").iterdir(), forms=prepared.FORMS, stay=stay)
        unmatched.forget()


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(ACTS), *[st.integers(0, 4)] * 2), min_size=1, max_size=4
        ),
        min_size=1,
        max_size=4,
    )
)
@example([[(joined, 1, 0)], [(parted, 1, 0)]])
@example([[(restricted, 1, 0)], [(free, 1, 0)]])
@example([[(unreached, 1, 0)], [(reached_again, 1, 0)]])
def test_what_is_kept_says_what_the_lists_say(
    socr: Organisation, runs: list[list[tuple[Callable[..., None], int, int]]]
) -> None:
    with transaction.atomic():
        people = [person(socr, number) for number in range(5)]
        for acts in runs:
            prepare()
            for act, one, other in acts:
                act(*(Supporter.objects.get(pk=people[number].pk) for number in (one, other)))
        new = 1  # is told by tickets, which the one reading has in it and the other has not
        kept, listed = entries(), entries(forms="none")
        assert [row[:new] + row[new + 1 :] for row in kept] == [
            row[:new] + row[new + 1 :] for row in listed
        ]
        transaction.set_rollback(True)


def test_a_run_prepares_only_who_changed(socr: Organisation) -> None:
    people = [person(socr, number) for number in range(5)]
    match_lists.match_lists()
    renamed(people[0], people[1])
    match_lists.match_lists()
    assert len(layers()) == 2
    with tempfile.TemporaryDirectory() as place, wall.scope("platform"):
        renamed(people[3], people[4])
        unmatched.copy_lists(Path(place), forms=prepared.FORMS)
        assert len((Path(place) / "supporters.csv").read_text().splitlines()) == 1


def test_layers_of_like_size_become_one(socr: Organisation) -> None:
    people = [person(socr, number) for number in range(5)]
    for known in people:
        renamed(known, known)
        prepare()
        reached(known, known)
        prepare()
    assert len(layers()) <= 2


def test_nothing_of_who_is_erased_stays_prepared(socr: Organisation) -> None:
    people = [person(socr, number) for number in range(2)]
    match_lists.match_lists()
    assert layers()
    erased(people[0], people[1])
    assert not layers()


def test_nothing_of_who_is_deleted_stays_prepared(socr: Organisation) -> None:
    match_lists.match_lists()
    gone = factories.supporter(socr, "Priya", "Okafor")
    match_lists.match_lists()
    assert layers()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_supporter WHERE id = %s", [gone.pk])
    assert not layers()


def test_nothing_is_kept_of_a_run_during_which_somebody_was_erased(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person(socr, number) for number in range(2)]
    compare = lists.match

    def compare_and_erase(folder: Path, model: Model) -> lists.Found:
        erased(people[0], people[1])
        return compare(folder, model)

    monkeypatch.setattr(lists, "match", compare_and_erase)
    match_lists.match_lists()
    assert not layers()


def test_what_other_code_prepared_is_not_read(socr: Organisation) -> None:
    person(socr, 1)
    match_lists.match_lists()
    Prepared.objects.update(forms="of old")
    person(socr, 2)
    match_lists.match_lists()
    assert set(Prepared.objects.values_list("forms", flat=True)) == {prepared.FORMS}
    assert len(entries()) == 2


def test_nothing_prepared_is_older_than_a_week_though_nobody_comes(socr: Organisation) -> None:
    person(socr, 1)
    match_lists.match_lists()
    Prepared.objects.update(made_at=timezone.now() - timedelta(days=8))
    match_lists.match_lists()
    assert not layers()


def test_who_is_free_again_is_compared(socr: Organisation) -> None:
    known = person(socr, 1)
    restricted(known, known)
    match_lists.match_lists()
    free(known, known)
    assert Unmatched.objects.filter(supporter_id=known.pk, compares=True).exists()
