"""The names are certain: a nickname is known as one, and a couple is never taken for one person."""

import unicodedata

import pytest
from nicknames import NickNamer

from demo.names import COUPLES, MEN, WOMEN

KNOWN = NickNamer()


def folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).lower()


def forms(name: str) -> set[str]:
    plain = folded(name)
    return {plain} | KNOWN.nicknames_of(plain) | KNOWN.canonicals_of(plain)


def test_each_nickname_is_a_known_one() -> None:
    for first, nicknames in (*WOMEN.items(), *MEN.items()):
        unknown = {folded(name) for name in nicknames} - KNOWN.nicknames_of(folded(first))
        assert not unknown, f"{unknown} of {first}"


@pytest.mark.parametrize(("one", "other"), COUPLES)
def test_the_two_of_a_couple_share_no_form_of_their_names(one: str, other: str) -> None:
    assert not forms(one) & forms(other)
    assert folded(one)[0] != folded(other)[0]
