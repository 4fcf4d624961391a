"""What decisions say about the scores: the precision at each threshold, and the thresholds that follow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from crm.models import UNWEIGHED, Decision, Match, Organisation, SharedMatch, Tier
from crm.services import labels
from crm.services.labels import Label
from tests import factories

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def some(probability: float, same: int, not_same: int, guards: tuple[str, ...] = ()) -> list[Label]:
    return [
        Label("SOCR", "m", 2, probability, 3.2, guards, decision, WHEN)
        for decision in [Decision.SAME] * same + [Decision.HOUSEHOLD] * not_same
    ]


def test_precision_at_a_threshold_counts_all_above_it() -> None:
    found = {at.threshold: at for at in labels.precision([*some(0.92, 3, 1), *some(0.6, 1, 5)])}
    assert (found[0.5].decided, found[0.5].same) == (10, 4)
    assert (found[0.9].decided, found[0.9].share) == (4, 0.75)
    assert found[0.95].decided == 0
    assert 0.3 < found[0.9].at_least < 0.75


def test_what_a_rule_held_back_says_nothing_of_the_score() -> None:
    assert labels.precision(some(0.99, 0, 9, ("two first names",)))[0].decided == 0


def test_thresholds_are_proposed_where_enough_decisions_show_them() -> None:
    told = [*some(0.996, 400, 1), *some(0.96, 90, 10), *some(0.75, 10, 20), *some(0.55, 1, 40)]
    assert labels.propose(told) == labels.Proposal(certain=0.98, possible=0.7)
    assert labels.propose(some(0.996, 20, 0)) == labels.Proposal(certain=None, possible=0.995)


@pytest.mark.django_db
def test_the_command_tells_and_exports_what_people_decided_and_names_nobody(
    socr: Organisation, neu: Organisation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = factories.user(socr)
    scores = {
        "tier": Tier.POSSIBLE,
        "probability": 0.97,
        "match_weight": 5.0,
        "found_at": WHEN,
        "decided_at": WHEN,
    }
    for model_id, decision, by in (
        ("m", Decision.SAME, ada),
        ("m", Decision.LATER, ada),
        ("m", Decision.SAME, None),
        (UNWEIGHED, Decision.SAME, ada),
    ):
        Match.objects.create(
            organisation=socr,
            one=factories.supporter(socr),
            other=factories.supporter(socr),
            model_id=model_id,
            decision=decision,
            decided_by=by,
            **scores,
        )
    SharedMatch.objects.create(
        one=factories.supporter(socr),
        one_organisation=socr,
        other=factories.supporter(neu),
        other_organisation=neu,
        model_id="m",
        decision=Decision.NOT_SAME,
        decided_by=ada,
        **scores,
    )
    file = tmp_path / "labels.jsonl"
    call_command("match_labels", "--json", "--out", str(file))
    told = json.loads(capsys.readouterr().out)
    assert {code: facts["decided"] for code, facts in told.items()} == {
        "SOCR": 1,
        "across": 1,
        "all": 2,
    }
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["organisation"] for row in rows] == ["SOCR", "across"]
    assert "Okafor" not in file.read_text()
    call_command("match_labels")
    assert "0.95 and up" in capsys.readouterr().out
