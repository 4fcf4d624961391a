"""The planted files, read again and judged anew, say what truth.json says."""

import csv
import io
import re
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo.people import Truth, expected_coordinated, plant, read_truth

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 23)

Planted = tuple[Truth, Path]
EXAMPLE = re.compile(r"[a-z0-9.-]+@([a-z0-9-]+\.)*example\.(org|com|net)")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    return plant(600, 7, folder, TODAY), folder


def audience(folder: Path, kind: str) -> list[dict[str, str]]:
    name = f"{kind}_email_audience_export_ab12cd34ef.csv"
    with zipfile.ZipFile(folder / "socr-mailchimp.zip") as archive:
        return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))


def members(folder: Path) -> list[dict[str, Any]]:
    headers, *rows = load_workbook(folder / "neu-members.xlsx")["Members"].values
    return [dict(zip(map(str, headers), row, strict=True)) for row in rows]


def inbox(cell: str) -> str:
    return cell.strip().lower()


def is_fresh(text: str) -> bool:
    try:
        return (TODAY - datetime.strptime(text, "%Y-%m-%d %H:%M:%S").date()).days < 730
    except ValueError:
        return False


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        plant(200, 3, tmp_path / folder, TODAY)
    for file in ("socr-mailchimp.zip", "neu-members.xlsx", "truth.json"):
        first, second = ((tmp_path / folder / file).read_bytes() for folder in ("one", "two"))
        assert first == second, f"{file} differs"


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    one, two = (plant(100, seed, tmp_path / str(seed), TODAY) for seed in (1, 2))
    assert one.humans != two.humans


@pytest.mark.parametrize("people", [100, 101, 250])
def test_as_many_people_are_planted_as_asked_for(people: int, tmp_path: Path) -> None:
    truth = plant(people, 5, tmp_path, TODAY)
    assert len(truth.humans) == truth.people == people
    assert len({human["id"] for human in truth.humans}) == people


def test_truth_is_read_back_as_it_was_planted(planted: Planted) -> None:
    truth, folder = planted
    assert read_truth(folder) == truth


def test_row_counts_agree_with_the_files(planted: Planted) -> None:
    truth, folder = planted
    kinds = ("subscribed", "unsubscribed", "cleaned")
    rows = {f"socr_{kind}": len(audience(folder, kind)) for kind in kinds}
    assert truth.rows == {**rows, "neu": len(members(folder))}


def test_socr_audience_agrees_with_the_files(planted: Planted) -> None:
    truth, folder = planted
    refused = {
        inbox(row["Email Address"])
        for kind in ("unsubscribed", "cleaned")
        for row in audience(folder, kind)
    }
    agreed = {
        inbox(row["Email Address"])
        for row in audience(folder, "subscribed")
        if is_fresh(row["OPTIN_TIME"]) or is_fresh(row["CONFIRM_TIME"])
    }
    malformed = {inbox(cell["value"]) for cell in truth.bad_cells}
    assert truth.mailable["SOCR"] == sorted(agreed - refused - malformed)


def test_neu_audience_agrees_with_the_sheet(planted: Planted) -> None:
    truth, folder = planted
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for row in members(folder):
        answer = "No" if row["Do Not Email"] == 1 else str(row["Email Opt In"] or "")
        answers[inbox(row["Home Email"])].add(answer)
    malformed = {inbox(cell["value"]) for cell in truth.bad_cells}
    agreed = {home for home, said in answers.items() if said - {"No", ""} and "No" not in said}
    assert truth.mailable["NEU"] == sorted(agreed - malformed)


def test_supporters_are_people_and_not_rows(planted: Planted) -> None:
    truth, _ = planted
    for organisation, supporters in truth.supporters.items():
        assert supporters == sum(1 for human in truth.humans if organisation in human["on"])
    assert truth.supporters["NEU"] < truth.rows["neu"]


def test_refused_inboxes_are_never_mailable(planted: Planted) -> None:
    truth, folder = planted
    left = {inbox(row["Email Address"]) for row in audience(folder, "unsubscribed")}
    listed = {inbox(row["Email Address"]) for row in audience(folder, "subscribed")}
    assert left & listed, "somebody who left should still be on the subscribed list"
    assert not left & set(truth.mailable["SOCR"])
    for organisation, left_out in truth.left_out.items():
        assert not left_out.keys() & set(truth.mailable[organisation])


def test_everyone_left_out_has_a_reason(planted: Planted) -> None:
    truth, _ = planted
    said = {
        organisation: {reason for reasons in left_out.values() for reason in reasons}
        for organisation, left_out in truth.left_out.items()
    }
    assert said["SOCR"] == {"refused", "bouncing", "no evidence", "expired", "unreadable date"}
    assert said["NEU"] == {"refused", "unknown"}
    assert all(reasons for left_out in truth.left_out.values() for reasons in left_out.values())


def test_every_address_stands_in_an_example_domain(planted: Planted) -> None:
    truth, folder = planted
    malformed = {cell["value"] for cell in truth.bad_cells}
    kinds = ("subscribed", "unsubscribed", "cleaned")
    cells = [row["Email Address"] for kind in kinds for row in audience(folder, kind)]
    cells += [row["Home Email"] for row in members(folder)]
    assert [cell for cell in cells if not EXAMPLE.fullmatch(inbox(cell))] == [
        cell for cell in cells if cell in malformed
    ]


def test_every_telephone_is_from_a_drama_range(planted: Planted) -> None:
    _, folder = planted
    numbers = {row["Phone Number"] for row in audience(folder, "subscribed")}
    numbers |= {row["Mobile"] for row in members(folder) if row["Mobile"]}
    digits = {number.replace(" ", "").replace("+44", "0") for number in numbers}
    drama = r"07700900\d{3}|02079460\d{3}|011[3-8]4960\d{3}|01[2-6]14960\d{3}|01632960\d{3}"
    assert [number for number in digits if not re.fullmatch(drama, number)] == []


def test_bad_cells_are_found_at_their_line_and_column(planted: Planted) -> None:
    truth, folder = planted
    files = {
        "subscribed_email_audience_export_ab12cd34ef.csv": audience(folder, "subscribed"),
        "neu-members.xlsx": members(folder),
    }
    assert {cell["value"] for cell in truth.bad_cells if cell["column"] == "OPTIN_TIME"} == {
        "31/02/2025"
    }
    for cell in truth.bad_cells:
        assert files[cell["file"]][cell["line"] - 2][cell["column"]] == cell["value"]


def test_each_record_is_one_physical_line(planted: Planted) -> None:
    truth, folder = planted
    with zipfile.ZipFile(folder / "socr-mailchimp.zip") as archive:
        lines = {name.split("_")[0]: archive.read(name).count(b"\n") for name in archive.namelist()}
    assert lines == {kind: truth.rows[f"socr_{kind}"] + 1 for kind in lines}


def test_consent_dates_of_members_are_real_dates_within_two_years(planted: Planted) -> None:
    _, folder = planted
    dates = [row["Opt In Date"] for row in members(folder) if row["Opt In Date"]]
    assert all(isinstance(day, datetime) for day in dates)
    assert all(30 <= (TODAY - day.date()).days <= 600 for day in dates)


def test_some_rows_are_repeated_word_for_word(planted: Planted) -> None:
    _, folder = planted
    repeated = Counter(tuple(row.values()) for row in audience(folder, "subscribed"))
    assert max(repeated.values()) == 2


def test_some_people_are_listed_again_by_their_nickname(planted: Planted) -> None:
    truth, folder = planted
    twice = [human for human in truth.humans if "SOCR: listed twice, once by" in str(human)]
    firsts: defaultdict[str, set[str]] = defaultdict(set)
    for row in audience(folder, "subscribed"):
        firsts[inbox(row["Email Address"])].add(row["First Name"])
    assert twice
    for human in twice:
        assert firsts[human["inboxes"]["SOCR"]] == {human["first"], human["nickname"]}


def test_one_name_is_a_formula_and_stays_text(planted: Planted) -> None:
    _, folder = planted
    names = [row["First Name"] for row in audience(folder, "subscribed")]
    assert names.count('=HYPERLINK("http://example.org","x")') == 1


def test_addresses_are_also_typed_untidily(planted: Planted) -> None:
    truth, folder = planted
    cells = [row["Home Email"] for row in members(folder)]
    untidy = [cell for cell in cells if cell != inbox(cell)]
    assert any(cell != cell.strip() for cell in untidy)
    assert {inbox(cell) for cell in untidy} & set(truth.inboxes_on_both)


def test_the_parts_people_play_are_in_the_shares_asked_for(planted: Planted) -> None:
    truth, folder = planted
    rows = audience(folder, "subscribed")
    sencos = sum(1 for row in rows if re.search("SENCO|SENDCO", row["Role"]))
    at_home = sum(1 for row in rows if re.search("Parent|Mum|Dad|Carer", row["Role"]))
    assert 0.09 < sencos / len(rows) < 0.16
    assert 0.40 < at_home / len(rows) < 0.52
    assert any("SENCO, Parent" in row["Role"] for row in rows)
    on = Counter("+".join(human["on"]) for human in truth.humans)
    assert on["SOCR+NEU"] == round(0.15 * truth.people)


def test_people_on_both_lists_are_linked_only_by_the_same_address(planted: Planted) -> None:
    truth, _ = planted
    both = [human for human in truth.humans if human["on"] == ["SOCR", "NEU"]]
    same = [human for human in both if len(set(human["inboxes"].values())) == 1]
    misspelt = [human for human in both if "other address, misspelt name" in human["planted"]]
    assert truth.linked == len(same)
    assert len(same) + len(misspelt) == len(both)


def test_a_shared_inbox_has_people_of_different_first_names(planted: Planted) -> None:
    truth, _ = planted
    firsts: defaultdict[str, list[str]] = defaultdict(list)
    for human in truth.humans:
        for home in set(human["inboxes"].values()):
            firsts[home].append(human["first"])
    shared = {home: names for home, names in firsts.items() if len(names) > 1}
    assert sorted(shared) == truth.shared_inboxes
    assert all(len(set(names)) == len(names) for names in shared.values())
    assert {"senco", "office"} <= {home.partition("@")[0] for home in shared}


def test_a_coordinated_mailing_reaches_each_inbox_once(planted: Planted) -> None:
    truth, _ = planted
    socr, neu = (truth.mailable[organisation] for organisation in ("SOCR", "NEU"))
    assert len(expected_coordinated(truth)) == len(socr) + len(neu) - len(truth.inboxes_on_both)
    assert expected_coordinated(truth, "sencos") < expected_coordinated(truth)


def test_too_few_people_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="99 people are too few"):
        plant(99, 1, tmp_path)


def test_the_command_line_plants_and_says_what(tmp_path: Path) -> None:
    options = ["--people", "120", "--seed", "4", "--today", "2026-11-23", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "demo.people", *options]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.startswith("120 invented people")
    assert date.fromisoformat(read_truth(tmp_path).today) == TODAY
