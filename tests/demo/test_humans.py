"""Invented people differ where they must, and their addresses and names are spelled as planned."""

from collections import defaultdict
from random import Random

import pytest

from demo.casting import Bond
from demo.humans import invent, misspell, name_of_inbox, untidy
from demo.names import SURNAMES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë.O'Connor", "zoe.oconnor"),
        ("Łukasz.Nguyễn", "lukasz.nguyen"),
        ("Siân.van der Berg", "sian.van.der.berg"),
        ("Mei.Smith-Jones", "mei.smithjones"),
    ],
)
def test_a_name_becomes_plain_letters_before_the_at_sign(text: str, expected: str) -> None:
    assert name_of_inbox(text) == expected


def test_a_misspelt_name_differs_in_its_letters() -> None:
    def letters(name: str) -> str:
        return name_of_inbox(name).replace(".", "")

    for name in SURNAMES:
        for seed in range(5):
            assert letters(misspell(name, Random(seed))) != letters(name)


def test_an_untidy_address_is_still_the_same_inbox() -> None:
    forms = {untidy("zoe@example.org", Random(seed)) for seed in range(40)}
    assert "zoe@example.org" not in forms
    assert {form.strip().lower() for form in forms} == {"zoe@example.org"}


def test_no_two_people_share_telephone_and_surname() -> None:
    humans = invent(3000, Random(1))
    assert len({(human.telephone, human.last) for human in humans}) == len(humans)


def test_only_those_meant_to_share_an_inbox_do() -> None:
    bonds: defaultdict[str, list[Bond]] = defaultdict(list)
    for human in invent(3000, Random(2)):
        listings = (human.socr, human.neu)
        for inbox in {listing.address.strip().lower() for listing in listings if listing}:
            bonds[inbox.replace(".", "")].append(human.bond)
    together = {bond for sharers in bonds.values() if len(sharers) > 1 for bond in sharers}
    assert together == {Bond.FAMILY, Bond.SCHOOL}
