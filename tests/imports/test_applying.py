"""Applying an import can be stopped anywhere and repeated, and takes no more statements for more rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import ContactPoint, Organisation, Record, SearchTerm, Source, Supporter
from crm.services import profiles
from crm.sql import fold
from imports import services
from imports.models import Import, ImportChunk
from imports.sql import applying
from tests import factories
from tests.imports.conftest import HEAD, apply, events, everything, preview

pytestmark = pytest.mark.django_db


def long_list(count: int) -> list[list[str]]:
    rows = [
        [f"p{n}@example.org", f"Ann{n}", f"Lee{n}", "yes" if n % 2 else "no", "2026-01-10"]
        for n in range(count)
    ]
    return [HEAD, *rows]


def test_an_import_that_was_killed_goes_on_where_it_was(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STRETCH", 4)
    file = preview(socr, long_list(10), statement=factories.statement(socr))
    write, calls = applying.apply, []

    def die_in_the_second(stretch: applying.Stretch) -> None:
        write(stretch)
        calls.append(stretch)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(applying, "apply", die_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        apply(file)
    assert Supporter.objects.count() == 4
    assert ImportChunk.objects.filter(file=file, applied_at=None).count() == 2
    assert services.apply(file=file).state == Import.State.APPLIED
    assert (Supporter.objects.count(), events(socr)) == (10, 10)
    assert fold.differences() == 0


def test_a_stretch_that_is_applied_again_changes_nothing(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STRETCH", 4)
    file = preview(socr, long_list(10), statement=factories.statement(socr))
    with monkeypatch.context() as stopped:
        stopped.setattr(services, "_apply_chunk", lambda *_, **__: False)
        apply(file)
    (first, *_) = ImportChunk.objects.filter(file=file).order_by("first")
    services._apply_chunk(file, first, written=0)
    before = everything()
    ImportChunk.objects.filter(pk=first.pk).update(applied_at=None)
    assert services._apply_chunk(file, first, written=0)
    assert everything() == before
    assert Record.objects.filter(source=Source.IMPORT).count() == 4


KNOWN = [*HEAD, "Phone", "Postcode"]


@pytest.mark.parametrize(
    ("later", "gained"),
    [
        (["p1@example.org", "Ann1", "Lee1", "", "", "07700 900456", ""], "07700900456"),
        (["p1@example.org", "Ann1", "Lee1 Moss", "yes", "2026-03-10", "", ""], "moss"),
        (["p1@example.org", "Ann1", "", "", "", "", "GU2 7XH"], "gu27xh"),
        (["p1@example.org", "", "", "yes", "2026-03-10", "", ""], None),
    ],
)
def test_who_was_known_is_found_by_what_a_later_list_says_of_them(
    socr: Organisation, later: list[str], gained: str | None
) -> None:
    words = factories.statement(socr)
    apply(preview(socr, long_list(3), statement=words))
    before = terms("p1@example.org")
    apply(preview(socr, [KNOWN, later], statement=words))
    assert (gained in terms("p1@example.org")) is (gained is not None)
    if gained is None:
        assert terms("p1@example.org") == before
    kept = terms("p1@example.org")
    profiles.refresh(supporter_ids=list(Supporter.objects.values_list("pk", flat=True)))
    assert terms("p1@example.org") == kept


def terms(address: str) -> set[str]:
    owner = ContactPoint.objects.get(folded=address).supporter_id
    return set(SearchTerm.objects.filter(supporter=owner).values_list("term", flat=True))


def test_statements_do_not_grow_with_the_rows_of_a_stretch(socr: Organisation) -> None:
    counted = []
    for rows in (5, 50, 500):  # the first also asks what later ones remember
        file = preview(socr, long_list(rows), statement=factories.statement(socr))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            apply(file)
        counted.append(len(captured))
    assert counted[1] == counted[2]
