"""Plain CSV files in, pairs out: the engine of matching without a database."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

FIRST = (
    "Elizabeth",
    "Robert",
    "Margaret",
    "Aisha",
    "Oluwaseun",
    "Siobhan",
    "Priya",
    "Gareth",
    "Chloe",
    "Tomasz",
)
LAST = (
    "Ashdown",
    "Birtwhistle",
    "Chowdhury",
    "Drinkwater",
    "Ellsworth",
    "Farthing",
    "Gathercole",
    "Holroyd",
)
HEAD = ("id", "first_name", "last_name", "email", "phone", "postcode")


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lists of invented people, of whom sixty are on both, and some live together or share an inbox."""
    folder = tmp_path_factory.mktemp("lists")
    chance = random.Random(7)
    people = []
    for number in range(240):
        first, last = chance.choice(FIRST), f"{chance.choice(LAST)}{chr(97 + number % 26)}"
        people.append(
            {
                "first_name": first,
                "last_name": last,
                "email": f"{first}.{last}{number}@example.org".lower(),
                "phone": f"07700 900{number:03d}",
                "postcode": f"GU{1 + number % 20} {1 + number % 9}A{chr(65 + number % 26)}",
            }
        )
    with (folder / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        writer.writerows({"id": f"a{n}", **person} for n, person in enumerate(people[:150]))
    with (folder / "b.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        for n, person in enumerate(people[90:]):
            writer.writerow({"id": f"b{n + 90}", **_again(person, chance)})
        spouse = people[3] | {"first_name": "Bartholomew", "phone": ""}
        writer.writerow({"id": "spouse", **spouse})
        office = {
            "first_name": "",
            "last_name": "",
            "email": "office@school.example.org",
            "phone": "",
            "postcode": "",
        }
        writer.writerow({"id": "office", **office})
    return folder


def _again(person: dict[str, str], chance: random.Random) -> dict[str, str]:
    """Give a person as another list has them: another spelling, or something missing."""
    changed = dict(person)
    slip = chance.randrange(4)
    if slip == 0:
        changed["first_name"] = {"Elizabeth": "Liz", "Robert": "Bob"}.get(
            person["first_name"], person["first_name"]
        )
    elif slip == 1:
        changed["phone"] = "+44 " + person["phone"].replace(" ", "")[1:]
    elif slip == 2:
        changed["email"] = ""
    else:
        changed["postcode"] = ""
    return changed


def _pairs(*files: Path, out: Path) -> list[dict[str, str]]:
    call_command("match_files", *map(str, files), "--out", str(out), "--json")
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_person_on_two_lists_is_a_certain_pair(lists: Path, tmp_path: Path) -> None:
    pairs = _pairs(lists / "a.csv", lists / "b.csv", out=tmp_path / "pairs.csv")
    certain = {(row["left_id"], row["right_id"]) for row in pairs if row["tier"] == "certain"}
    assert certain == {(f"a{n}", f"b{n}") for n in range(90, 150)}


def test_another_first_name_in_one_home_and_inbox_is_never_joined(
    lists: Path, tmp_path: Path
) -> None:
    pairs = _pairs(lists / "a.csv", lists / "b.csv", out=tmp_path / "pairs.csv")
    held = [row for row in pairs if row["right_id"] == "spouse"]
    assert [(row["left_id"], row["tier"], float(row["probability"])) for row in held] == [
        ("a3", "possible", 0.5)
    ]


def test_two_people_of_one_home_stay_two_though_both_look_like_a_third(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "id,first_name,last_name,postcode,membership_number,date_of_birth\n"
        "1,Bartholomew,Okonjo,GU1 1AA,M-10023,\n"
        "2,B,Okonjo,GU1 1AA,M-10023,1981-04-09\n"
        "3,Beatrice,Okonjo,GU1 1AA,,1981-04-09\n"
    )
    pairs = _pairs(tmp_path / "list.csv", out=tmp_path / "pairs.csv")
    joined = {
        (row["left_id"], row["right_id"]) for row in pairs if float(row["probability"]) >= 0.9
    }
    assert joined == {("1", "2"), ("2", "3")}


def test_a_file_that_is_no_model_gets_a_sentence(tmp_path: Path, lists: Path) -> None:
    with pytest.raises(CommandError, match="This is no saved model"):
        call_command(
            "match_files",
            str(lists / "a.csv"),
            "--out",
            str(tmp_path / "pairs.csv"),
            "--model",
            str(lists / "b.csv"),
        )


def test_the_pairs_of_one_file_are_named_once_each(lists: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.csv"
    both.write_text((lists / "a.csv").read_text() + (lists / "b.csv").read_text().split("\n", 1)[1])
    pairs = [(row["left_id"], row["right_id"]) for row in _pairs(both, out=tmp_path / "pairs.csv")]
    assert len(set(map(frozenset, pairs))) == len(pairs)
    assert {(f"a{n}", f"b{n}") for n in range(90, 150)} <= set(pairs)


def test_a_saved_model_gives_the_pairs_it_gave_when_it_was_learnt(
    lists: Path, tmp_path: Path
) -> None:
    first, second, model = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "model.json"
    files = (str(lists / "a.csv"), str(lists / "b.csv"))
    call_command("match_files", *files, "--out", str(first), "--save-model", str(model), "--json")
    call_command("match_files", *files, "--out", str(second), "--model", str(model), "--json")
    assert first.read_text() == second.read_text()


def test_three_rows_are_enough(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Anne,Lee,ann@example.org\n3,Bob,Ray,bob@example.org\n"
    )
    pairs = _pairs(tmp_path / "list.csv", out=tmp_path / "pairs.csv")
    assert [(row["left_id"], row["right_id"]) for row in pairs] == [("1", "2")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,town hall\nAnn,x\n", "has none of the columns that can be compared"),
        (
            "id,email,phone\n1,a@example.org,\n1,b@example.org,\n",
            "has the id 1 on more than one row",
        ),
        ("id,email\n1,a@example.org\n2,a@example.org\n", "fewer than two columns in common"),
    ],
)
def test_a_file_that_cannot_be_matched_gets_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(CommandError, match=sentence):
        _pairs(tmp_path / "list.csv", out=tmp_path / "pairs.csv")
