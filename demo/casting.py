"""How many invented people play which part: who is on which list, and how they stand there."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

Kind = TypeVar("Kind", bound=Hashable)

FEWEST_PEOPLE = 100
ON_BOTH = 0.15
NEU_ONLY = 0.30


class Socr(StrEnum):
    """How somebody stands in SOCR's audience export."""

    LISTED = "listed"
    LISTED_TWICE = "listed twice"
    NICKNAMED_TWICE = "listed twice, once by nickname"
    LEFT = "left"
    LEFT_BUT_LISTED = "left but still listed"
    BOUNCED = "bounced"
    BOUNCED_BUT_LISTED = "bounced but still listed"
    NO_EVIDENCE = "no evidence"
    EXPIRED = "expired"
    BAD_DATE = "bad date"
    BAD_ADDRESS = "bad address"
    TWO_ADDRESSES = "two addresses in one cell"


class Neu(StrEnum):
    """How somebody stands in NEU's membership sheet."""

    YES = "yes"
    YES_UNDATED = "yes without a date"
    YES_TWICE = "yes twice"
    YES_AND_NO = "yes and no"
    NO = "no"
    DO_NOT_EMAIL = "yes, but do not email"
    UNKNOWN = "unknown"
    BAD_ADDRESS = "bad address"


class Bond(StrEnum):
    """What somebody's address shares: with another person, or with their own entry elsewhere."""

    NONE = "inbox of their own"
    FAMILY = "family inbox"
    SCHOOL = "school inbox"
    SAME = "same address on both lists"
    UNTIDY = "same address in other letters or spaces"
    NICKNAME = "same address, nickname on one list"
    TYPO = "other address, misspelt name"


@dataclass(frozen=True, slots=True)
class Part:
    """One person to invent: on one list or both, and what their address shares."""

    bond: Bond
    socr: Socr | None = None
    neu: Neu | None = None


# Shares of the people on a list. The first kind of each table takes what the others leave.
SOCR_SHARES: dict[Socr, float] = {
    Socr.LISTED: 0,
    Socr.LISTED_TWICE: 0.015,
    Socr.NICKNAMED_TWICE: 0.015,
    Socr.LEFT: 0.06,
    Socr.LEFT_BUT_LISTED: 0.02,
    Socr.BOUNCED: 0.025,
    Socr.BOUNCED_BUT_LISTED: 0.005,
    Socr.NO_EVIDENCE: 0.04,
    Socr.EXPIRED: 0.012,
    Socr.BAD_DATE: 0.004,
    Socr.BAD_ADDRESS: 0.004,
    Socr.TWO_ADDRESSES: 0.003,
}
NEU_SHARES: dict[Neu, float] = {
    Neu.YES: 0,
    Neu.YES_UNDATED: 0.06,
    Neu.YES_TWICE: 0.01,
    Neu.YES_AND_NO: 0.005,
    Neu.NO: 0.12,
    Neu.DO_NOT_EMAIL: 0.03,
    Neu.UNKNOWN: 0.10,
    Neu.BAD_ADDRESS: 0.003,
}
BOND_SHARES: dict[Bond, float] = {
    Bond.SAME: 0,
    Bond.UNTIDY: 0.20,
    Bond.NICKNAME: 0.15,
    Bond.TYPO: 0.12,
}

# Somebody with a refused row would not be on both lists, so these parts go to people on one.
REFUSED_ROWS: frozenset[Socr | Neu] = frozenset(
    {Socr.BAD_ADDRESS, Socr.TWO_ADDRESSES, Neu.BAD_ADDRESS}
)

# Pairs of people on one inbox, as shares of everybody.
PAIR_SHARES: dict[tuple[Part, Part], float] = {
    (Part(Bond.FAMILY, Socr.LISTED), Part(Bond.FAMILY, Socr.LISTED)): 0.010,
    (Part(Bond.FAMILY, Socr.LISTED), Part(Bond.FAMILY, Socr.LEFT)): 0.004,
    (Part(Bond.FAMILY, Socr.LISTED), Part(Bond.FAMILY, neu=Neu.YES)): 0.010,
    (Part(Bond.FAMILY, Socr.LEFT), Part(Bond.FAMILY, neu=Neu.YES)): 0.003,
    (Part(Bond.FAMILY, neu=Neu.YES), Part(Bond.FAMILY, neu=Neu.NO)): 0.003,
    (Part(Bond.SCHOOL, Socr.LISTED), Part(Bond.SCHOOL, Socr.LISTED)): 0.004,
    (Part(Bond.SCHOOL, Socr.LISTED), Part(Bond.SCHOOL, neu=Neu.YES)): 0.004,
}

Group = tuple[Part, ...]
"""The people of one inbox: one part, or two."""


def deal(shares: Mapping[Kind, float], count: int, rng: Random) -> list[Kind]:
    """Return `count` shuffled cards in the given shares, at least one of each kind if room allows.

    The first kind takes what the others leave, whatever its own share says.
    """
    rest, *others = shares
    cards = [kind for kind in others for _ in range(_quota(shares[kind], count))][:count]
    cards += [rest] * (count - len(cards))
    rng.shuffle(cards)
    return cards


def cast(people: int, rng: Random) -> list[Group]:
    """Return the parts of `people` invented people, grouped by inbox, in random order.

    Raises ValueError for fewer people than the planted cases need.
    """
    if people < FEWEST_PEOPLE:
        raise ValueError(
            f"{people} people are too few to plant every case: ask for at least {FEWEST_PEOPLE}."
        )
    on_both = round(people * ON_BOTH)
    on_neu = round(people * NEU_ONLY)
    pairs = _pairs(people)
    paired = [part for pair in pairs for part in pair]
    single_neu = on_neu - sum(1 for part in paired if part.neu)
    single_socr = people - on_both - on_neu - sum(1 for part in paired if part.socr)
    groups: list[Group] = [
        *pairs,
        *((part,) for part in _on_both(on_both, rng)),
        *((Part(Bond.NONE, socr=card),) for card in deal(SOCR_SHARES, single_socr, rng)),
        *((Part(Bond.NONE, neu=card),) for card in deal(NEU_SHARES, single_neu, rng)),
    ]
    rng.shuffle(groups)
    return groups


def _pairs(people: int) -> list[Group]:
    return [pair for pair, share in PAIR_SHARES.items() for _ in range(_quota(share, people))]


def _on_both(count: int, rng: Random) -> list[Part]:
    socr = {kind: share for kind, share in SOCR_SHARES.items() if kind not in REFUSED_ROWS}
    neu = {kind: share for kind, share in NEU_SHARES.items() if kind not in REFUSED_ROWS}
    hands = (deal(BOND_SHARES, count, rng), deal(socr, count, rng), deal(neu, count, rng))
    return [Part(*hand) for hand in zip(*hands, strict=True)]


def _quota(share: float, count: int) -> int:
    return max(1, round(share * count))
