"""A run of matching over the lists: whoever is new or changed is compared with everybody, in every organisation.

Clear pairs become one supporter within an organisation, and one person across organisations, of which staff never
learn. The others wait for people. Loads Splink and DuckDB, so that it runs in a process of its own.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from django.db import transaction

from crm import wall
from crm.matching import lists
from crm.matching.model import SHIPPED, Model, TooLittle
from crm.matching.prepared import FORMS
from crm.models import MatchingModel, Organisation
from crm.services import permissions, profiles
from crm.sql import matching as sql
from crm.sql import prepared, statistics, unmatched


@dataclass(frozen=True, slots=True)
class Matched:
    """What a run of matching did: entries merged within an organisation, linked across, and newly left to people."""

    merged: int
    linked: int
    left_for_review: int


def match_lists(model: Model | None = None, *, waits: bool = True) -> Matched:
    """Compare whoever is yet to be matched. While another run is under way, wait for it, or do nothing.

    Reads in one short transaction, compares outside any, and writes in two, first the entries that it prepared: what
    stops it in between leaves the queue as it was, and the next run does it all again. Every join and link can be
    undone, and what people decided stays. Without a model the newest that was learnt is used, or the shipped one.
    """
    if not unmatched.begin(waits=waits):
        return Matched(0, 0, 0)
    try:
        with tempfile.TemporaryDirectory() as place:
            return _run(Path(place), model)
    finally:
        unmatched.end()


def _run(folder: Path, model: Model | None) -> Matched:
    with wall.scope("platform"):
        prepared.expire()
        if unmatched.is_empty():
            return Matched(0, 0, 0)
        model = model or model_in_use()
        unmatched.copy_lists(folder, forms=FORMS)
    found = lists.match(folder, model)
    with transaction.atomic(), wall.scope("platform"):
        unmatched.see(folder / "tickets.csv")
        prepared.store(found.layer, forms=FORMS, stay=found.stay)
    with transaction.atomic(), wall.scope("platform"):
        unmatched.see(folder / "tickets.csv")
        unmatched.forget()
        sql.take(found.pairs)
        grown = sql.merge_within()
        profiles.refresh(supporter_ids=sorted(set(grown)))
        permissions.refold(supporter_ids=sorted(set(grown)))
        sql.resolve()
        organisations = Organisation.objects.order_by("pk").values_list("pk", flat=True)
        linked = sum(sql.link_across(one, other) for one, other in combinations(organisations, 2))
        statistics.refresh("crm_link")  # `keep` looks up in it whom this has linked
        stored = sql.keep(model_id=name(model))
    return Matched(merged=len(grown), linked=linked, left_for_review=stored.new)


def name(model: Model) -> str:
    """Give the name by which pairs say which model weighed them: the beginning of a hash of its file."""
    return hashlib.sha256(model.to_json().encode()).hexdigest()[:16]


def model_in_use() -> Model:
    """Give the newest model learnt from the lists under these settings, or the shipped one. Platform scope."""
    for kept in MatchingModel.objects.order_by("-pk")[:1]:
        try:
            return Model.from_json(kept.body)
        except ValueError:  # the settings have changed since
            break
    return Model.from_json(SHIPPED.read_text())


def learn() -> Model:
    """Learn a model from the lists as they are, keep it, and give it: runs use it from now on.

    Raises TooLittle where there is too little to learn from, or where a level was reached by no pair: a run must not
    weigh by a figure that nothing showed.
    """
    with tempfile.TemporaryDirectory() as place:
        with wall.scope("platform"):
            unmatched.copy_lists(Path(place), forms=FORMS)
        model = lists.train(Path(place))
    if model.untrained:
        raise TooLittle(
            f"No pair of the lists shows how much these weigh: {', '.join(model.untrained)}."
        )
    with wall.scope("platform"):
        MatchingModel.objects.create(name=name(model), body=model.to_json())
    return model
