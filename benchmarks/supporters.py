"""Invented lists of supporters with the truth beside them: a base, a new list, and who is on both.

Nobody here exists. Mailboxes are under example.org and friends, or at Gmail with a hyphen, which Gmail does not allow;
telephones lie in blocks that are given to nobody, Ofcom's numbers for drama being too few for a million people. How
people differ from list to list follows what staff know of such lists; no figure of another's generator is used.
"""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

FIRST = (
    "Sarah Emma Claire Rebecca Laura Rachel Helen Elizabeth Catherine Katherine Margaret Jennifer Victoria Susan "
    "Deborah Christine Patricia Alexandra Charlotte Hannah Jessica Samantha Amanda Nicola Joanne Julie Karen Louise "
    "Michelle Lisa Anna Alice Grace Chloe Megan Sophie Lucy Amy Zoë Siân Aisha Fatima Zainab Priya Anjali Deepa "
    "Ngozi Chidinma Folasade Adaeze Mei Linh Agnieszka Katarzyna Małgorzata Ioana Elena Niamh Siobhán Aoife Bronwen "
    "David Michael James John Robert William Richard Thomas Christopher Andrew Stephen Matthew Daniel Joseph Edward "
    "Benjamin Samuel Alexander Jonathan Nicholas Anthony Timothy Peter Simon Gareth Rhys Callum Ewan Mohammed Imran "
    "Yusuf Tariq Ravi Arjun Kwame Emeka Oluwaseun Tomasz Piotr Andrei Ciarán Pádraig Gerald Kenneth Leonard Frederick"
).split()
COMMON = (
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts "
    "Green Hall Wood Jackson Clarke Khan Ahmed Hussain Singh Kaur Ali Begum Murphy Kelly O’Connor O’Brien Okafor "
    "Adeyemi Mensah Nguyen Chen Kowalski Nowak Popescu Müller García Hughes Edwards Martin Cooper Morgan Hill Ward"
).split()
_HEADS = (
    "Ash Barn Birt Black Bram Brook Burn Carl Chad Clif Cran Crom Den Drink East Eller Fair Far Gar Gath Green Had "
    "Hals Har Hather Hey Hol Horn Kem Kil Lang Lind Lock Mans Mar Mel Mid Nor Oak Old Pen Pick Rad Rams Red Row Sal "
    "Shel Shuttle Stan Stock Strat Sut Swin Thorn Town Under Wad Wal Wetherel West Whit Wool Wor"
).split()
_TAILS = (
    "bourne bridge brook burn bury by cliffe combe cote croft dale den don field ford gate ham hill holme house hurst "
    "land ley low man mere moor over pool ridge royd sett shaw side stead stone thwaite ton water well wick wood worth"
).split()
RARE = [head + tail for head in _HEADS for tail in _TAILS]
_COMMON_WEIGHT = [1 / (n + 6) for n in range(len(COMMON))]
SHORT = {
    "Elizabeth": "Liz", "Catherine": "Cathy", "Katherine": "Kate", "Margaret": "Maggie", "Jennifer": "Jenny",
    "Victoria": "Vicky", "Susan": "Sue", "Deborah": "Debbie", "Christine": "Chris", "Patricia": "Pat",
    "Alexandra": "Alex", "Rebecca": "Becky", "Samantha": "Sam", "Amanda": "Mandy", "Nicola": "Nicky",
    "Joanne": "Jo", "Michael": "Mike", "James": "Jim", "Robert": "Bob", "William": "Bill", "Richard": "Dick",
    "Thomas": "Tom", "Christopher": "Chris", "Andrew": "Andy", "Stephen": "Steve", "Matthew": "Matt",
    "Daniel": "Dan", "Joseph": "Joe", "Edward": "Ted", "Benjamin": "Ben", "Samuel": "Sam", "Alexander": "Alex",
    "Jonathan": "Jon", "Nicholas": "Nick", "Anthony": "Tony", "Timothy": "Tim", "Frederick": "Fred",
    "Oluwaseun": "Seun", "Folasade": "Sade", "Małgorzata": "Gosia", "Agnieszka": "Aga",
}  # fmt: skip
AREAS = "B BD BN BS CB CH CV DE DH E GL GU HU IP LE LN LS M N NE NG NR OX PE PL RG S SE SO SW TS WF YO".split()
DOMAINS = (
    "example.org",
    "example.com",
    "example.net",
    "mail.example.org",
    "post.example.com",
    "gmail.com",
    "gmail.com",
)
OFFICES = ("office", "senco", "admin", "head", "info", "send")
HEAD = "id first_name last_name email phone postcode date_of_birth membership_number".split()


@dataclass(slots=True)
class Someone:
    """One person as they are: what they would write, and a home, a household's things and a school."""

    first: str
    last: str
    email: str
    second_email: str
    mobile: str
    postcode: str
    born: str
    member: str
    family_email: str = ""
    landline: str = ""
    school: str = ""
    maiden: str = ""


@dataclass(slots=True)
class Country:
    """People in homes, made in order from one seed."""

    chance: random.Random
    made: int = 0
    schools: list[str] = field(default_factory=list)
    _weights: list[float] = field(default_factory=lambda: list(accumulate(_COMMON_WEIGHT)))

    def surname(self) -> str:
        """Give a last name: two in five are common ones."""
        if self.chance.random() < 0.4:
            return self.chance.choices(COMMON, cum_weights=self._weights)[0]
        return self.chance.choice(RARE)

    def postcode(self) -> str:
        """Give a postcode of about fifteen homes."""
        chance = self.chance
        end = f"{chance.choice('ABDEFGHJLNPQRSTUWXYZ')}{chance.choice('ABDEFGHJLNPQRSTUWXYZ')}"
        return f"{chance.choice(AREAS)}{chance.randint(1, 28)} {chance.randint(1, 9)}{end}"

    def home(self) -> list[Someone]:
        """Give the people of one home: alone, a couple, a family, twins, or parent and child of one name."""
        chance = self.chance
        size = chance.choices((1, 2, 3, 4), (62, 25, 8, 5))[0]
        last, postcode = self.surname(), self.postcode()
        landline = self._landline() if chance.random() < 0.45 else ""
        shared = ""
        if size > 1 and chance.random() < 0.15:
            word = "family" if chance.random() < 0.5 else "house"
            shared = f"{_mailbox(last)}-{word}{self.made}@{chance.choice(DOMAINS)}"
        people: list[Someone] = []
        year = chance.randint(1950, 1996)
        for place in range(size):
            later = 28 if place > 1 else chance.randint(-4, 4)
            born = f"{year + later}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
            first = chance.choice(FIRST)
            if place == 3 and chance.random() < 0.4:
                born = people[2].born  # twins
            if place == 2 and chance.random() < 0.12:
                first = people[0].first
            own = last if place == 0 or chance.random() < 0.82 else self.surname()
            people.append(self._someone(first, own, postcode, born, shared, landline))
        return people

    def _landline(self) -> str:
        return f"01632{self.chance.randint(200_000, 899_999)}"

    def _someone(
        self, first: str, last: str, postcode: str, born: str, shared: str, landline: str
    ) -> Someone:
        chance = self.chance
        self.made += 1
        number = self.made
        forms = (
            f"{_mailbox(first)}-{_mailbox(last)}{number % 9973}",
            f"{_mailbox(first)[0]}-{_mailbox(last)}{number % 7919}",
            f"{_mailbox(last)}-{number}",
            f"{_mailbox(first)}-{number % 99991}",
        )
        if len(self.schools) < 40 or chance.random() < 0.02:
            self.schools.append(
                f"{chance.choice(RARE).lower()}-{len(self.schools)}.sch.example.org"
            )
        return Someone(
            first=first,
            last=last,
            email=f"{chance.choice(forms)}@{chance.choice(DOMAINS)}",
            second_email=f"{_mailbox(first)[0]}-{_mailbox(last)}-{number}@work.example.net",
            mobile=f"07700{200_000 + number * 7_919 % 800_000:06d}",
            postcode=postcode,
            born=born,
            member=f"{number * 104_729 % 9_999_991:07d}",
            family_email=shared,
            landline=landline,
            school=chance.choice(self.schools),
            maiden=self.surname() if chance.random() < 0.05 else "",
        )


def _mailbox(name: str) -> str:
    plain = name.lower().translate(str.maketrans("ëâãéíłáüóöç’", "eaaeilauooc-"))
    return "".join(c for c in plain if c.isascii() and (c.isalnum() or c == "-"))


def _slip(text: str, chance: random.Random) -> str:
    """Give the text as somebody types it who slips once."""
    if len(text) < 3:
        return text
    at = chance.randrange(1, len(text) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    letter = chance.choice("abcdefghijklmnoprstuwy" if text[at].isalpha() else "0123456789")
    return text[:at] + letter + text[at + (kind == 2) :]


def _written(one: Someone, member_share: float, chance: random.Random) -> dict[str, str]:
    """Give a row as this person comes onto a list."""
    one = replace(one)
    first, last = one.first, one.last
    if first in SHORT and chance.random() < 0.25:
        first = SHORT[first]
    roll = chance.random()
    if roll < 0.03:
        first = first[0]
    elif roll < 0.05:
        first = _slip(first, chance)
    elif roll < 0.065:
        first = ""
    roll = chance.random()
    if one.maiden and roll < 0.4:
        last = one.maiden if roll < 0.25 else f"{one.maiden}-{one.last}"
    elif roll > 0.975:
        last = _slip(last, chance)
    if chance.random() < 0.015:
        first, last = last, first
    if chance.random() < 0.2:
        first, last = (
            (first.lower(), last.lower())
            if chance.random() < 0.5
            else (first.upper(), last.upper())
        )
    roll = chance.random()
    email = one.email
    if roll < 0.08:
        email = ""
    elif roll < 0.16:
        email = one.second_email
    elif one.family_email and roll < 0.4:
        email = one.family_email
    elif roll < 0.19:
        email = f"{chance.choice(OFFICES)}@{one.school}"
    elif roll < 0.205:
        email = _slip(email, chance)
    elif roll < 0.24 and email.endswith("gmail.com"):
        local = email.split("@")[0]
        email = (
            f"{local[:2]}.{local[2:]}@googlemail.com" if roll < 0.22 else f"{local}+news@gmail.com"
        )
    roll = chance.random()
    phone = one.mobile
    if roll < 0.3:
        phone = ""
    elif one.landline and roll < 0.45:
        phone = one.landline
    elif roll < 0.5:
        phone = f"07700{chance.randint(200_000, 999_999)}"
    elif roll < 0.515:
        phone = _slip(phone, chance)
    style = chance.randrange(4)
    if phone and style == 1:
        phone = f"{phone[:5]} {phone[5:]}"
    elif phone and style == 2:
        phone = f"+44 {phone[1:5]} {phone[5:]}"
    roll = chance.random()
    postcode = one.postcode
    if roll < 0.1:
        postcode = ""
    elif roll < 0.12:
        postcode = _slip(postcode, chance)
    elif roll < 0.2:
        postcode = postcode.replace(" ", "").lower()
    born = one.born if chance.random() < 0.2 else ""
    if born and chance.random() < 0.02:
        born = f"{born[:8]}{chance.randint(1, 28):02d}"
    member = one.member if chance.random() < member_share else ""
    return {
        "first_name": first,
        "last_name": last,
        "email": email,
        "phone": phone,
        "postcode": postcode,
        "date_of_birth": born,
        "membership_number": member,
    }


def write(folder: Path, base: int, new: int, seed: int) -> None:
    """Write base.csv, new.csv and truth.json (pairs of ids) into the folder: two in five of the new are on the base.

    One in fifty of the new has a second row, and one in twelve of those on both has moved, two in five of them within
    their postal district. The telephone of a person is another's too where the numbers run out, as numbers are given
    out again. One row in five has a date of birth.
    """
    chance = random.Random(seed)
    country = Country(chance)
    people: list[Someone] = []
    while len(people) < base:
        people += country.home()
    people = people[:base]
    truth: list[tuple[str, str]] = []
    with (folder / "base.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        for number, one in enumerate(people):
            writer.writerow({"id": f"a{number}", **_written(one, 0.15, chance)})
    known = chance.sample(range(base), min(new * 2 // 5, base))
    newcomers: list[tuple[int | None, Someone]] = [(number, people[number]) for number in known]
    while len(newcomers) < new * 49 // 50:
        # One in five comes from a home whose others are on the base.
        if chance.random() < 0.2:
            there = chance.choice(people)
            at_home = country.home()[0]
            newcomers.append((None, replace(at_home, last=there.last, postcode=there.postcode,
                                            landline=there.landline, family_email=there.family_email)))  # fmt: skip
        else:
            newcomers += [(None, one) for one in country.home()]
    newcomers = newcomers[: new * 49 // 50]
    chance.shuffle(newcomers)
    rows = 0
    with (folder / "new.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        for on_base, one in newcomers:
            if on_base is not None and chance.random() < 0.08:
                near = f"{one.postcode.split()[0]} {country.postcode().split()[1]}"
                postcode = near if chance.random() < 0.4 else country.postcode()
                one = replace(one, postcode=postcode, landline="")
            for _ in range(2 if chance.random() < 0.0204 else 1):
                if on_base is not None:
                    truth.append((f"a{on_base}", f"b{rows}"))
                writer.writerow({"id": f"b{rows}", **_written(one, 0.15, chance)})
                rows += 1
    (folder / "truth.json").write_text(json.dumps(truth))
