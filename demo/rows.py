"""The rows in which each list writes its people down: a Mailchimp audience, a union's sheet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from demo import names
from demo.casting import Neu, Socr
from demo.humans import Human, Listing, untidy

Cell = str | int | date | None

SUBSCRIBED = "subscribed_email_audience_export_ab12cd34ef.csv"
UNSUBSCRIBED = "unsubscribed_email_audience_export_ab12cd34ef.csv"
CLEANED = "cleaned_email_audience_export_ab12cd34ef.csv"
MEMBERS = "neu-members.xlsx"

_HEAD = "Email Address|First Name|Last Name|Role|Postcode|Phone Number"
_SIGN_UP = (
    "MEMBER_RATING|OPTIN_TIME|OPTIN_IP|CONFIRM_TIME|CONFIRM_IP|LATITUDE|LONGITUDE|"
    "GMTOFF|DSTOFF|TIMEZONE|CC|REGION"
)
_UNSUB = "UNSUB_TIME|UNSUB_CAMPAIGN_TITLE|UNSUB_CAMPAIGN_ID|UNSUB_REASON|UNSUB_REASON_OTHER"
_CLEAN = "CLEAN_TIME|CLEAN_CAMPAIGN_TITLE|CLEAN_CAMPAIGN_ID"
_TAIL = "LEID|EUID|NOTES|TAGS"


def _columns(*parts: str) -> list[str]:
    return "|".join(parts).split("|")


HEADERS: dict[str, list[str]] = {
    SUBSCRIBED: _columns(_HEAD, _SIGN_UP, "LAST_CHANGED", _TAIL),
    UNSUBSCRIBED: _columns(_HEAD, _SIGN_UP, _UNSUB, _TAIL),
    CLEANED: _columns(_HEAD, _SIGN_UP, _CLEAN, _TAIL),
    MEMBERS: _columns(
        "Membership Number|Title|Forename(s)|Surname|Known As|Home Email|Mobile|Postcode|"
        "Workplace|Job Role|District|Membership Status|Email Opt In|Opt In Date|Do Not Email"
    ),
}

FILES: dict[Socr, tuple[str, ...]] = {
    Socr.LISTED: (SUBSCRIBED,),
    Socr.LISTED_TWICE: (SUBSCRIBED, SUBSCRIBED),
    Socr.NICKNAMED_TWICE: (SUBSCRIBED,),
    Socr.LEFT: (UNSUBSCRIBED,),
    Socr.LEFT_BUT_LISTED: (SUBSCRIBED, UNSUBSCRIBED),
    Socr.BOUNCED: (CLEANED,),
    Socr.BOUNCED_BUT_LISTED: (SUBSCRIBED, CLEANED),
    Socr.NO_EVIDENCE: (SUBSCRIBED,),
    Socr.EXPIRED: (SUBSCRIBED,),
    Socr.BAD_DATE: (SUBSCRIBED,),
    Socr.BAD_ADDRESS: (SUBSCRIBED,),
    Socr.TWO_ADDRESSES: (SUBSCRIBED,),
}

FRESH_DAYS = (30, 600)
EXPIRED_DAYS = (800, 1000)
IMPOSSIBLE_DATE = "31/02/2025"
YES_WORDS = ("Yes",) * 17 + ("Y", "yes", "TRUE")
STATUSES = ("Active",) * 8 + ("Retired", "Student")
TAGS = ('"SEND reform"', '"SEND reform","Newsletter"', '"EHC plans"', "")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file: the cells by their header, and whom it is about."""

    file: str
    human: int
    cells: dict[str, Cell]


def write_down(humans: list[Human], today: date, rng: Random) -> dict[str, list[Row]]:
    """Return the shuffled rows of every file: the record at place n stands on line n + 2."""
    files: dict[str, list[Row]] = {name: [] for name in HEADERS}
    for human in humans:
        for row in (*_on_socr(human, today, rng), *_on_neu(human, today, rng)):
            files[row.file].append(row)
    for rows in files.values():
        rng.shuffle(rows)
    return files


def _on_socr(human: Human, today: date, rng: Random) -> Iterator[Row]:
    listing = human.socr
    if listing is None:
        return
    standing = listing.standing
    joined = _moment(EXPIRED_DAYS if standing is Socr.EXPIRED else FRESH_DAYS, today, rng)
    cells: dict[str, Cell] = {
        **_audience_cells(human, listing, rng),
        **_sign_up_cells(standing, joined, rng),
        **_ending_cells(joined, today, rng),
    }
    for file in FILES[standing]:
        yield Row(file, human.id, cells)
    if standing is Socr.NICKNAMED_TWICE:
        other: dict[str, Cell] = {
            "First Name": human.nickname if listing.first == human.first else human.first,
            "Email Address": untidy(listing.address, rng),
            "LEID": _number(rng),
        }
        yield Row(SUBSCRIBED, human.id, {**cells, **other})


def _audience_cells(human: Human, listing: Listing[Socr], rng: Random) -> dict[str, Cell]:
    return {
        "Email Address": listing.address,
        "First Name": listing.first,
        "Last Name": listing.last,
        "Role": listing.role,
        "Postcode": human.postcode,
        "Phone Number": _telephone_as_typed(human.telephone, rng),
        "MEMBER_RATING": rng.randint(1, 5),
        "LATITUDE": "0",
        "LONGITUDE": "0",
        "LEID": _number(rng),
        "EUID": f"{rng.getrandbits(40):010x}",
        "NOTES": "",
        "TAGS": rng.choice(TAGS),
    }


def _sign_up_cells(standing: Socr, joined: datetime, rng: Random) -> dict[str, Cell]:
    """No evidence means both times blank: a confirmed time alone could be the admin's own."""
    here: dict[str, Cell] = {"GMTOFF": "0", "DSTOFF": "1", "TIMEZONE": "Europe/London", "CC": "gb"}
    if standing is Socr.NO_EVIDENCE:
        return here
    if standing is Socr.BAD_DATE:
        return here | {"OPTIN_TIME": IMPOSSIBLE_DATE}
    confirmed = joined + timedelta(minutes=rng.randint(1, 90))
    internet = f"203.0.113.{rng.randrange(1, 255)}"
    return here | {
        "OPTIN_TIME": str(joined),
        "OPTIN_IP": internet,
        "CONFIRM_TIME": str(confirmed) if rng.random() < 0.8 else "",
        "CONFIRM_IP": internet,
        "REGION": "eng",
    }


def _ending_cells(joined: datetime, today: date, rng: Random) -> dict[str, Cell]:
    """The times of leaving or bouncing, after `joined`; each file keeps the columns it has."""
    days = (today - joined.date()).days
    ended = str(joined + timedelta(days=rng.randrange(1, days - 1)))
    return {
        "LAST_CHANGED": str(joined),
        "UNSUB_TIME": ended,
        "UNSUB_CAMPAIGN_TITLE": "Spring update",
        "UNSUB_CAMPAIGN_ID": "5f3c2a1b9d",
        "UNSUB_REASON": rng.choice(("NORMAL", "NOSIGNUP", "OTHER")),
        "CLEAN_TIME": ended,
        "CLEAN_CAMPAIGN_TITLE": "Spring update",
        "CLEAN_CAMPAIGN_ID": "5f3c2a1b9d",
    }


def _on_neu(human: Human, today: date, rng: Random) -> Iterator[Row]:
    listing = human.neu
    if listing is None:
        return
    cells = {**_member_cells(human, listing, rng), **_choice_cells(listing.standing, today, rng)}
    yield Row(MEMBERS, human.id, cells)
    if listing.standing is Neu.YES_TWICE:
        yield Row(MEMBERS, human.id, cells)
    if listing.standing is Neu.YES_AND_NO:
        yield Row(MEMBERS, human.id, {**cells, "Email Opt In": "No", "Opt In Date": None})


def _member_cells(human: Human, listing: Listing[Neu], rng: Random) -> dict[str, Cell]:
    titles = ("Ms", "Mrs", "Miss") if human.first in names.WOMEN else ("Mr",)
    is_mobile = human.telephone.startswith(names.MOBILES)
    return {
        "Membership Number": str(1_200_000 + 3 * human.id),
        "Title": rng.choice((*titles, *titles, "Dr", "Mx", None)),
        "Forename(s)": listing.first,
        "Surname": listing.last,
        "Known As": (human.nickname or None) if listing.first == human.first else None,
        "Home Email": listing.address,
        "Mobile": _telephone_as_typed(human.telephone, rng) if is_mobile else None,
        "Postcode": human.postcode,
        "Workplace": rng.choice(names.SCHOOLS),
        "Job Role": listing.role,
        "District": rng.choice(names.DISTRICTS),
        "Membership Status": rng.choice(STATUSES),
    }


def _choice_cells(standing: Neu, today: date, rng: Random) -> dict[str, Cell]:
    if standing is Neu.NO:
        return {"Email Opt In": "No"}
    if standing is Neu.UNKNOWN:
        return {}
    yes: dict[str, Cell] = {"Email Opt In": rng.choice(YES_WORDS)}
    if standing is Neu.YES_UNDATED:
        return yes
    if standing is Neu.DO_NOT_EMAIL:
        yes["Do Not Email"] = 1
    return yes | {"Opt In Date": _moment(FRESH_DAYS, today, rng).date()}


def _moment(days_ago: tuple[int, int], today: date, rng: Random) -> datetime:
    day = today - timedelta(days=rng.randint(*days_ago))
    return datetime.combine(day, time(rng.randrange(7, 21), rng.randrange(60), rng.randrange(60)))


def _telephone_as_typed(telephone: str, rng: Random) -> str:
    return rng.choice((telephone, telephone.replace(" ", ""), f"+44 {telephone[1:]}"))


def _number(rng: Random) -> int:
    return rng.randrange(100_000_000, 999_999_999)
