"""Who acts in the demo: the organisations, and one login for each kind of user."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "try the demo out"


@dataclass(frozen=True, slots=True)
class Organisation:
    """What an organisation is called, and its imprint."""

    code: str
    name: str
    legal_name: str
    address: str
    wording: str
    is_coalition: bool = False

    @property
    def domain(self) -> str:
        """Where its invented mail comes from."""
        return f"{self.code.lower()}.example.org"


@dataclass(frozen=True, slots=True)
class Login:
    """An account: who, where, and what they may do."""

    email: str
    name: str
    organisation: str
    role: str


SOCR = Organisation(
    "SOCR",
    "Save Our Children’s Rights",
    "Save Our Children’s Rights (invented for this demo)",
    "1 Example Street, London N1 1AA",
    "Email me updates from Save Our Children’s Rights about the rights of children with SEND. "
    "I can change my mind at any time.",
)
NEU = Organisation(
    "NEU",
    "National Education Union",
    "National Education Union (invented for this demo)",
    "2 Example Road, London N2 2BB",
    "Email me campaign updates from the National Education Union. I can change my mind at any time.",
)
COALITION = Organisation(
    "JOINT",
    "The coalition",
    "SOCR and NEU together (invented for this demo)",
    "3 Example Square, London N3 3CC",
    "",
    is_coalition=True,
)
ORGANISATIONS = (SOCR, NEU, COALITION)
LOGINS = (
    Login("ada@socr.example.org", "Ada Admin", "SOCR", "admin"),
    Login("orla@socr.example.org", "Orla Organiser", "SOCR", "organiser"),
    Login("nadia@neu.example.org", "Nadia Admin", "NEU", "admin"),
    Login("otis@neu.example.org", "Otis Organiser", "NEU", "organiser"),
)
# Two of them look after the joint list too.
OF_THE_COALITION = tuple(
    Login(login.email, login.name, "JOINT", "admin") for login in (LOGINS[0], LOGINS[2])
)
LEAD = "Dana Lead"  # who signed the impact assessments
WORDING = "form-2025"
# People whom somebody adds by hand a second time, with another address: first names, last name, postcode.
TWICE = (
    ("Elizabeth", "Liz", "Hartwell", "GU1 4RT"),
    ("Rowan", "Rowan", "Ellery", "LS6 2QB"),
    ("Michael", "Mike", "Abara", "M14 5TP"),
    ("Sunita", "Sunita", "Devlin-Rao", "BS3 1JF"),
    ("Kwame", "Kwame", "Boateng-Lyle", "NR2 3AH"),
)
