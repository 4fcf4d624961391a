"""The main job, step by step, as the people of two organisations would do it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import requests

from demo import cast
from demo.caught import Caught, read_caught
from demo.people import Truth, expected_coordinated, expected_own, plant
from demo.servers import Servers
from demo.visitor import Visitor
from demo.witness import Witness

Say = Callable[[str], None]


@dataclass
class Job:
    """One run of the main job, and what it found."""

    servers: Servers
    folder: Path
    people: int
    say: Say
    witness: Witness
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, object] = field(default_factory=dict)

    def run(self) -> dict[str, object]:
        """Do every step; give the seconds and counts of each."""
        self._set_up()
        truth = self._plant()
        self._import(truth)
        self._segments(truth)
        began = time.monotonic()
        first = self._own("Protect SENCO time", truth, without=set())
        stopped = self._one_click(first, truth)
        self._own("Protect SENCO time: what happened", truth, without={stopped})
        self._coordinated(truth, without=stopped)
        self._duplicates()
        self.seconds["campaigns"] = round(time.monotonic() - began, 1)
        return {"people": self.people, "seconds": self.seconds, **self.counts}

    @contextmanager
    def _step(self, name: str, words: str) -> Iterator[dict[str, object]]:
        began, found = time.monotonic(), dict[str, object]()
        yield found
        self.seconds[name] = round(time.monotonic() - began, 1)
        self.counts.update({f"{name}_{key}": value for key, value in found.items()})
        told = ", ".join(f"{value:,} {key.replace('_', ' ')}" for key, value in found.items())
        self.say(f"{self.seconds[name]:>6.1f} s  {words}{': ' if told else ''}{told}")

    def _plant(self) -> Truth:
        with self._step("plant", "invented two lists") as found:
            truth = plant(self.people, 7, self.folder / "lists")
            found["people"] = truth.people
        return truth

    def _set_up(self) -> None:
        with self._step(
            "set_up", "set up the organisations, their staff and their sign-up wordings"
        ):
            for organisation in cast.ORGANISATIONS:
                self.servers.manage(
                    *("add_organisation", organisation.code, "--name", organisation.name),
                    *("--legal-name", organisation.legal_name, "--address", organisation.address),
                    *("--sender", f"news@{organisation.domain}"),
                    *("--reply", f"hello@{organisation.domain}"),
                    *("--dpia", f"DPIA-{organisation.code}-1", "--dpia-signed-by", cast.LEAD),
                    *("--dpia-signed-on", "2026-01-05", "--sending-domain", organisation.domain),
                    *(["--coalition"] if organisation.is_coalition else []),
                )
            for login in (*cast.LOGINS, *cast.OF_THE_COALITION):
                self.servers.manage(
                    *("add_staff", login.email, "--organisation", login.organisation),
                    *("--role", login.role, "--name", login.name, "--password-stdin"),
                    stdin=f"{cast.PASSWORD}\n",
                )
            for organisation, login in ((cast.SOCR, cast.LOGINS[0]), (cast.NEU, cast.LOGINS[2])):
                admin = self._signed_in(login)
                admin.open("/settings/wordings/new/")
                admin.submit("Save", {"Short name": cast.WORDING, "Words": organisation.wording})
                admin.open("/settings/go-live/")
                admin.submit("Turn sending on")
            admin.submit(f"Switch to {cast.COALITION.name}")
            admin.open("/settings/go-live/")
            admin.submit("Turn sending on")

    def _import(self, truth: Truth) -> None:
        lists = self.folder / "lists"
        for code, name, extra in (
            ("SOCR", "socr-mailchimp.zip", ()),
            ("NEU", "neu-members.xlsx", ("--collected", _lately(truth), "--adults-only")),
        ):
            with self._step(f"import_{code.lower()}", f"imported the list of {code}") as found:
                answer = self.servers.manage(
                    *("import_list", str(lists / name), "--organisation", code),
                    *("--statement", cast.WORDING, *extra, "--apply", "--json"),
                )
                counts = json.loads(answer.strip().splitlines()[-1])
                found |= {"rows": counts["rows"], "new_people": counts["new"]}
            _agree(f"people of {code}", truth.supporters[code], self.witness.people(code))
        with self._step("match", "matched the lists, so that one person is one person") as found:
            counts = json.loads(self.servers.manage("match", "--json").strip().splitlines()[-1])
            found |= {"on_both_lists": counts["linked"]}
        pairs = self.witness.linked()
        _agree(
            "two people taken for one", [], [pair for pair in pairs if pair not in truth.on_both]
        )
        missed = [pair for pair in truth.on_both if pair[0] == pair[1] and pair not in pairs]
        _agree("people on both lists at one address who were missed", [], missed)

    def _segments(self, truth: Truth) -> None:
        with self._step("segments", "made the segments SENCOs, parents and carers, teachers"):
            for login in (cast.LOGINS[1], cast.LOGINS[3]):
                organiser = self._signed_in(login)
                for name, role in (
                    ("SENCOs", "SENCO"),
                    ("Parents and carers", "Parent or carer"),
                    ("Teachers", "Teacher"),
                ):
                    organiser.open("/segments/new/")
                    organiser.submit("Save", {"Name": name, "Role": role})

    def _own(self, subject: str, truth: Truth, *, without: set[str]) -> list[Caught]:
        name = "first_campaign" if not without else "second_campaign"
        with self._step(name, f"SOCR sent “{subject}” to its SENCOs") as found:
            organiser = self._signed_in(cast.LOGINS[1])
            organiser.open("/campaigns/new/")
            organiser.submit(
                "Go on to the text",
                {"Name of the campaign": subject, "It is suitable for people under 18": True},
            )
            organiser.submit("Save", {"Who is it for": "SENCOs", "Subject": subject, "Text": _TEXT})
            admin = self._signed_in(cast.LOGINS[0])
            admin.open(organiser.url)
            admin.submit("Approve")
            caught = self._wait_for(subject)
            found["emails"] = len(caught)
        expected = expected_own(truth, "SOCR", "sencos") - without
        self._check(subject, expected, caught)
        return caught

    def _one_click(self, first: list[Caught], truth: Truth) -> str:
        """Press the one-click button of one recipient who is on both lists, as a mail program does."""
        both = set(truth.inboxes_on_both)
        chosen = next((mail for mail in first if mail.rcpt_to[0].lower() in both), first[0])
        inbox = chosen.rcpt_to[0].lower()
        with self._step("one_click", f"{_masked(inbox)} pressed one-click unsubscribe"):
            address = chosen.list_unsubscribe.split(">")[0].lstrip("<")
            if not address:  # the message went to somebody else's mail server
                command = (
                    "preference_link",
                    "--organisation",
                    "SOCR",
                    "--email",
                    inbox,
                    "--one-click",
                )
                address = self.servers.manage(*command).strip()
            answer = requests.post(address, data={"List-Unsubscribe": "One-Click"}, timeout=30)
            answer.raise_for_status()
        return inbox

    def _coordinated(self, truth: Truth, *, without: str) -> None:
        subject = "Our children, our schools"
        with self._step("coordinated", "both organisations sent one campaign together") as found:
            organiser = self._signed_in(cast.LOGINS[1])
            organiser.open("/campaigns/new/")
            organiser.submit(
                "Go on to the text",
                {
                    "Name of the campaign": subject,
                    "Send it together": True,
                    "It is suitable for people under 18": True,
                },
            )
            organiser.submit("Save", {"Subject": subject, "Text": _TEXT})
            self._signed_in_at(cast.LOGINS[0], organiser.url).submit("Approve")
            other = self._signed_in_at(cast.LOGINS[3], f"{organiser.url}text/")
            other.submit("Save", {"Subject": subject, "Text": _TEXT})
            self._signed_in_at(cast.LOGINS[2], organiser.url).submit("Approve")
            caught = self._wait_for(subject)
            found["emails"] = len(caught)
        neu = expected_own(truth, "NEU")
        expected = (expected_own(truth, "SOCR") - {without}) | neu
        assert expected | {without} >= expected_coordinated(truth)
        self._check(subject, expected, caught)
        both = [mail for mail in caught if mail.rcpt_to[0].lower() in set(truth.inboxes_on_both)]
        self.counts["on_both_lists_got_one_email"] = len(both)
        self.say(f"          {len(both):,} people on both lists got one email, not two")

    def _duplicates(self) -> None:
        """Add some people twice by hand, as happens at a stall, for the page of possible duplicates."""
        with self._step("duplicates", "added some people twice, for somebody to decide") as found:
            organiser = self._signed_in(cast.LOGINS[1])
            for first, other, last, postcode in cast.TWICE:
                for given, number in ((first, 1), (other, 2)):
                    organiser.open("/people/new/")
                    organiser.submit(
                        "Add",
                        {
                            "First name": given,
                            "Last name": last,
                            "Email address": f"{given}.{last}{number}@example.net".lower(),
                            "Postcode": postcode,
                        },
                    )
            counts = json.loads(self.servers.manage("match", "--json").strip().splitlines()[-1])
            found |= {"pairs_to_decide": counts["left_for_review"]}

    def _check(self, subject: str, expected: set[str], caught: list[Caught]) -> None:
        """The plan, the database and the caught messages must agree, each inbox once."""
        inboxes = [mail.rcpt_to[0].lower() for mail in caught]
        _agree(f"inboxes of “{subject}”", sorted(expected), sorted(inboxes))
        _agree(
            f"messages of “{subject}” in the database", len(expected), self.witness.sent(subject)
        )
        self.witness.every_person_has_a_message_or_a_reason(subject)

    def _wait_for(self, subject: str) -> list[Caught]:
        """Wait until the campaign is done; give its messages."""
        end = time.monotonic() + 900
        while not self.witness.is_done(subject):
            if time.monotonic() > end:
                raise RuntimeError(f"“{subject}” was not sent within 15 minutes: see the logs.")
            time.sleep(0.2)
        if not self.servers.mail_url:
            return self.witness.as_caught(subject)
        return [mail for mail in read_caught(self.folder / "mail") if mail.subject == subject]

    def _signed_in(self, login: cast.Login) -> Visitor:
        visitor = Visitor(self.servers.base_url)
        visitor.sign_in(login.email, cast.PASSWORD)
        return visitor

    def _signed_in_at(self, login: cast.Login, url: str) -> Visitor:
        visitor = self._signed_in(login)
        visitor.open(url)
        return visitor


_TEXT = """Dear {{ first_name|friend }},

the Bill comes back to Parliament this week. **Write to your MP** today: it takes two minutes.

- Keep the rights that children with SEND have now.
- Give SENCOs the time that their work needs.

[Write to your MP](https://example.org/write)

Thank you.
"""


def _agree(what: str, planned: object, found: object) -> None:
    if planned != found:
        raise RuntimeError(
            f"The {what} do not agree: planned {_short(planned)}, found {_short(found)}."
        )


def _short(value: object) -> str:
    return f"{len(value)} of them" if isinstance(value, list) else str(value)


def _masked(inbox: str) -> str:
    return f"{inbox[0]}•••@{inbox.partition('@')[2]}"


def _lately(truth: Truth) -> str:
    """Give a day not long before the lists were made, for rows without a date."""
    return (date.fromisoformat(str(truth.today)) - timedelta(days=30)).isoformat()
