"""Who the invented people are: names, addresses, telephones, and their entry on each list."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, pairwise
from random import Random
from typing import Generic, TypeVar

from demo import names
from demo.casting import Bond, Group, Neu, Part, Socr, cast, deal

Standing = TypeVar("Standing", Socr, Neu)

FORMULA = '=HYPERLINK("http://example.org","x")'
"""A first name that a spreadsheet would run: one person has it."""

# The first of each takes what the others leave.
SOCR_ROLES: dict[str, float] = {
    "Parent": 0,
    "Mum": 0.12,
    "Carer": 0.06,
    "Dad": 0.05,
    "SENCO": 0.05,
    "SENDCO": 0.03,
    "SENCO, Parent": 0.03,
    "Teacher": 0.18,
    "Teacher, Parent": 0.03,
    "TA": 0.10,
    "Governor": 0.06,
    "": 0.10,
}
NEU_JOBS: dict[str, float] = {
    "Class teacher": 0,
    "Teacher": 0.22,
    "Supply teacher": 0.05,
    "SENCO": 0.08,
    "Learning support assistant": 0.12,
    "Teaching assistant": 0.05,
    "Headteacher": 0.05,
}
UNTIDY_SHARE = 0.05
MOBILE_SHARE = 0.6
PLAIN_LETTERS = str.maketrans({"Ł": "L", "ł": "l", "ø": "o", "đ": "d"})


@dataclass(frozen=True, slots=True)
class Listing(Generic[Standing]):
    """Somebody's entry on one list, as that list spells it."""

    standing: Standing
    first: str
    last: str
    address: str
    role: str


@dataclass(frozen=True, slots=True)
class Human:
    """One invented person, with an entry on SOCR's list, on NEU's, or on both."""

    id: int
    first: str
    nickname: str
    last: str
    telephone: str
    postcode: str
    bond: Bond
    socr: Listing[Socr] | None
    neu: Listing[Neu] | None


def invent(people: int, rng: Random) -> list[Human]:
    """Return `people` distinct invented people: the same ones for the same state of `rng`."""
    groups = cast(people, rng)
    parts = [part for group in groups for part in group]
    roles = iter(deal(SOCR_ROLES, sum(1 for part in parts if part.socr), rng))
    jobs = iter(deal(NEU_JOBS, sum(1 for part in parts if part.neu), rng))
    inventor = _Inventor(rng, roles, jobs)
    return _with_formula([human for group in groups for human in inventor.people(group)])


def name_of_inbox(text: str) -> str:
    """Return `text` as it may stand before the @: plain small letters, dots between words."""
    bare = unicodedata.normalize("NFKD", text.translate(PLAIN_LETTERS)).lower()
    return "".join(c for c in bare.replace(" ", ".") if c.isascii() and (c.isalpha() or c == "."))


def misspell(name: str, rng: Random) -> str:
    """Return `name` with two neighbouring letters swapped, or its last letter doubled.

    Only letters change places, so that the name differs even where marks between them do not count.
    """
    pairs = list(enumerate(pairwise(name)))[1:-1]
    places = [i for i, (a, b) in pairs if a.isalpha() and b.isalpha() and a.lower() != b.lower()]
    if not places:
        return name + name[-1]
    i = rng.choice(places)
    return name[:i] + name[i + 1] + name[i] + name[i + 2 :]


def untidy(address: str, rng: Random) -> str:
    """Return the same address as people type it: other capitals, spaces at its ends."""
    forms = (address.upper(), address.title(), f"{address} ", f" {address}", f"{address.title()} ")
    return rng.choice(forms)


class _Inventor:
    """Hands out names and details so that no two people seem one by accident."""

    def __init__(self, rng: Random, roles: Iterator[str], jobs: Iterator[str]) -> None:
        self._rng = rng
        self._roles = roles
        self._jobs = jobs
        self._ids = count(1)
        self._schools = _school_inboxes()
        self._inboxes: Counter[str] = Counter()
        self._details: set[tuple[str, str]] = set()
        self._known = {**names.WOMEN, **names.MEN}
        self._firsts = tuple(self._known)
        self._nicknamed = tuple(first for first, short in self._known.items() if short)

    def people(self, group: Group) -> list[Human]:
        """Return the people of one inbox."""
        if len(group) == 1:
            return [self._alone(group[0])]
        return self._couple(group)

    def _alone(self, part: Part) -> Human:
        has_nickname = part.bond is Bond.NICKNAME or part.socr is Socr.NICKNAMED_TWICE
        first = self._rng.choice(self._nicknamed if has_nickname else self._firsts)
        last = self._rng.choice(names.SURNAMES)
        inbox = self._inbox(f"{first}.{last}")
        return self._human(part, first, last, inbox, self._postcode(last))

    def _couple(self, group: Group) -> list[Human]:
        firsts = self._rng.choice(names.COUPLES)
        last = self._rng.choice(names.SURNAMES)
        lasts = (last, self._rng.choice((last, self._rng.choice(names.SURNAMES))))
        at_home = group[0].bond is Bond.FAMILY
        inbox = self._inbox(f"family.{last}") if at_home else next(self._schools)
        postcode = self._postcode(last)
        return [
            self._human(part, first, last, inbox, postcode)
            for part, first, last in zip(group, firsts, lasts, strict=True)
        ]

    def _human(self, part: Part, first: str, last: str, inbox: str, postcode: str) -> Human:
        short = self._known[first]
        nickname = self._rng.choice(short) if short else ""
        known_as = nickname if part.bond is Bond.NICKNAME else first
        socr_first, neu_first = self._rng.sample((first, known_as), 2)
        socr = self._on_socr(part, socr_first, last, inbox)
        return Human(
            id=next(self._ids),
            first=first,
            nickname=nickname,
            last=last,
            telephone=self._telephone(last),
            postcode=postcode,
            bond=part.bond,
            socr=socr,
            neu=self._on_neu(part, neu_first, last, inbox, socr.role if socr else ""),
        )

    def _on_socr(self, part: Part, first: str, last: str, inbox: str) -> Listing[Socr] | None:
        if part.socr is None:
            return None
        role = next(self._roles)
        if inbox.startswith("senco@"):
            role = "SENCO"
        return Listing(part.socr, first, last, self._as_typed(part.socr, inbox), role)

    def _on_neu(
        self, part: Part, first: str, last: str, inbox: str, socr_role: str
    ) -> Listing[Neu] | None:
        if part.neu is None:
            return None
        job = next(self._jobs)
        if "SEN" in socr_role:
            job = "SENCO"
        if part.bond is Bond.TYPO:
            elsewhere = self._inbox(f"{last}.{first[0]}")
            return Listing(part.neu, first, misspell(last, self._rng), elsewhere, job)
        if part.bond is Bond.UNTIDY:
            return Listing(part.neu, first, last, untidy(inbox, self._rng), job)
        return Listing(part.neu, first, last, self._as_typed(part.neu, inbox), job)

    def _as_typed(self, standing: Socr | Neu, inbox: str) -> str:
        local = inbox.partition("@")[0]
        if standing in (Socr.BAD_ADDRESS, Neu.BAD_ADDRESS):
            return f"{local}@@example"
        if standing is Socr.TWO_ADDRESSES:
            return f"{inbox}, {local}.work@{names.DOMAINS[0]}"
        return untidy(inbox, self._rng) if self._rng.random() < UNTIDY_SHARE else inbox

    def _inbox(self, wish: str) -> str:
        local = name_of_inbox(wish)
        # Counted without its dots: some mail services read j.smith and jsmith as one.
        undotted = local.replace(".", "")
        self._inboxes[undotted] += 1
        number = self._inboxes[undotted]
        return f"{local}{number if number > 1 else ''}@{self._rng.choice(names.DOMAINS)}"

    def _telephone(self, last: str) -> str:
        number = ""
        while not number or (last, number) in self._details:
            mobile = self._rng.random() < MOBILE_SHARE
            exchange = names.MOBILES if mobile else self._rng.choice(names.LANDLINES)
            number = f"{exchange}{self._rng.randrange(1000):03}"
        self._details.add((last, number))
        return number

    def _postcode(self, last: str) -> str:
        postcode = ""
        while not postcode or (last, postcode) in self._details:
            outward = self._rng.choice(names.OUTWARD_CODES)
            letters = "".join(self._rng.choices(names.INWARD_LETTERS, k=2))
            postcode = f"{outward} {self._rng.randrange(1, 10)}{letters}"
        self._details.add((last, postcode))
        return postcode


def _school_inboxes() -> Iterator[str]:
    slugs = [school.lower().replace(" school", "").replace(" ", "-") for school in names.SCHOOLS]
    for round_ in count(1):
        for slug in slugs:
            domain = f"{slug}{round_ if round_ > 1 else ''}.example.org"
            yield f"senco@{domain}"
            yield f"office@{domain}"


def _with_formula(humans: list[Human]) -> list[Human]:
    place = next(place for place, human in enumerate(humans) if _is_plain(human))
    human = humans[place]
    assert human.socr is not None
    listing = replace(human.socr, first=FORMULA)
    humans[place] = replace(human, first=FORMULA, nickname="", socr=listing)
    return humans


def _is_plain(human: Human) -> bool:
    if human.socr is None or human.neu is not None:
        return False
    return human.bond is Bond.NONE and human.socr.standing is Socr.LISTED
