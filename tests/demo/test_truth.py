"""The rules by which the demo expects mail, tried on rows written by hand."""

from datetime import date

import pytest

from demo.rows import CLEANED, MEMBERS, SUBSCRIBED, UNSUBSCRIBED, Cell, Row
from demo.truth import Truth, expect, expected_own, inbox_of

TODAY = date(2026, 11, 23)
FRESH = "2026-05-01 09:00:00"


def socr(file: str, human: int, address: str, **cells: Cell) -> Row:
    return Row(file, human, {"Email Address": address, **cells})


def neu(human: int, address: str, answer: str | None, stop: int | None = None) -> Row:
    cells: dict[str, Cell] = {"Home Email": address, "Email Opt In": answer, "Do Not Email": stop}
    return Row(MEMBERS, human, cells)


def truth_of(*rows: Row) -> Truth:
    files: dict[str, list[Row]] = {SUBSCRIBED: [], UNSUBSCRIBED: [], CLEANED: [], MEMBERS: []}
    for row in rows:
        files[row.file].append(row)
    return expect(files, [], TODAY, seed=1)


def test_a_dated_sign_up_is_permission() -> None:
    truth = truth_of(socr(SUBSCRIBED, 1, "Zoe@Example.org ", OPTIN_TIME=FRESH))
    assert truth.mailable["SOCR"] == ["zoe@example.org"]


@pytest.mark.parametrize(
    ("opted_in", "reason"),
    [("", "no evidence"), ("2024-01-01 09:00:00", "expired"), ("31/02/2025", "unreadable date")],
)
def test_a_sign_up_without_a_fresh_date_is_none(opted_in: str, reason: str) -> None:
    truth = truth_of(socr(SUBSCRIBED, 1, "zoe@example.org", OPTIN_TIME=opted_in))
    assert truth.left_out["SOCR"] == {"zoe@example.org": [reason]}


def test_one_persons_refusal_stops_the_inbox_for_the_whole_household() -> None:
    truth = truth_of(
        socr(SUBSCRIBED, 1, "home@example.org", OPTIN_TIME=FRESH),
        socr(UNSUBSCRIBED, 2, "home@example.org", OPTIN_TIME=FRESH),
    )
    assert truth.left_out["SOCR"] == {"home@example.org": ["refused"]}
    assert truth.supporters["SOCR"] == 2


def test_a_refusal_to_one_organisation_leaves_the_other_alone() -> None:
    truth = truth_of(socr(UNSUBSCRIBED, 1, "home@example.org"), neu(1, "home@example.org", "Yes"))
    assert expected_own(truth, "SOCR") == set()
    assert expected_own(truth, "NEU") == {"home@example.org"}
    assert truth.linked == 1


def test_a_bouncing_address_is_left_out_though_still_listed() -> None:
    truth = truth_of(
        socr(SUBSCRIBED, 1, "zoe@example.org", OPTIN_TIME=FRESH),
        socr(CLEANED, 1, "zoe@example.org"),
    )
    assert truth.left_out["SOCR"] == {"zoe@example.org": ["bouncing"]}


@pytest.mark.parametrize(
    ("answer", "stop", "expected"),
    [
        ("Yes", None, []),
        ("TRUE", None, []),
        ("Y", None, []),
        ("No", None, ["refused"]),
        ("Yes", 1, ["refused"]),
        (None, None, ["unknown"]),
    ],
)
def test_a_members_answer_decides(
    answer: str | None, stop: int | None, expected: list[str]
) -> None:
    truth = truth_of(neu(1, "zoe@example.org", answer, stop))
    assert truth.left_out["NEU"].get("zoe@example.org", []) == expected


def test_an_inbox_is_a_sencos_only_if_the_senco_gave_permission() -> None:
    truth = truth_of(
        socr(SUBSCRIBED, 1, "home@example.org", Role="SENCO, Parent", OPTIN_TIME=""),
        socr(SUBSCRIBED, 2, "home@example.org", Role="Parent", OPTIN_TIME=FRESH),
    )
    assert truth.mailable["SOCR"] == ["home@example.org"]
    assert truth.sencos["SOCR"] == []


def test_a_row_with_a_bad_address_is_refused_and_listed() -> None:
    truth = truth_of(socr(SUBSCRIBED, 1, "zoe@@example", OPTIN_TIME=FRESH))
    assert truth.supporters["SOCR"] == 0
    assert truth.bad_cells == [
        {"file": SUBSCRIBED, "line": 2, "column": "Email Address", "value": "zoe@@example"}
    ]


@pytest.mark.parametrize("cell", ["", None, "zoe@@example", "a@example.org, b@example.org", "zoe"])
def test_a_cell_that_names_no_single_address_names_no_inbox(cell: Cell) -> None:
    assert inbox_of(cell) is None
