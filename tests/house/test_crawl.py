"""Everything that SOCR's staff can see, with and without one person on NEU's list: byte for byte the same."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from crm import wall
from crm.models import (
    Action,
    Batch,
    ContactPoint,
    Deliverability,
    Export,
    Match,
    Organisation,
    Reach,
    Segment,
    Supporter,
    SupporterTag,
    Tag,
)
from crm.services import exports, match_lists
from crm.sql import fold
from crm.sql import matching as scored
from imports import services as imports
from imports.models import Import
from mailings.models import Campaign, Delivery, Version
from mailings.services import sending
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("coalition")]

SHARED = "priya.okafor@example.org"
Answer = tuple[str, int, str]
CHANGING = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"/admin/crm/(\w+)/\d+/", r"/admin/crm/\1/KEY/"),  # random keys of tags that the acts made
    (r'name="_selected_action" value="\d+"', "KEY"),
    (r"/invitation/[^/]+/[^/]+/", "/invitation/TOKEN/"),
    (r'name="csrfmiddlewaretoken" value="\w+"', "CSRF"),
    (r"\d{4}-\d\d-\d\dT[\d:.+]+", "TIME"),
    (r"\b\d\d:\d\d\b", "TIME"),
    (r"/p/[^/\s\"]+/", "/p/TOKEN/"),
]


def plain(body: bytes) -> str:
    """A page without what differs between any two visits: ids, times and tokens."""
    text = body.decode()
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text


@dataclass
class Visit:
    """A signed-in client that keeps everything it is answered."""

    client: Client
    seen: list[Answer] = field(default_factory=list)

    def keep(self, path: str, answer: Any) -> str:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if body.startswith(b"PK"):
            sheet = load_workbook(io.BytesIO(body)).worksheets[0]
            body = repr(list(sheet.values)).encode()
        text = plain(body)
        if path.startswith(reverse("who-did-what")):
            # Of rows that one statement changed, which was noted first is chance.
            text = "".join(sorted(re.split(r"(?=<tr)", text)))
        self.seen.append((plain(path.encode()), answer.status_code, text))
        return body.decode()

    def get(self, path: str) -> str:
        return self.keep(path, self.client.get(path))

    def post(self, path: str, given: dict[str, Any]) -> str:
        return self.keep(path, self.client.post(path, given, follow=True))

    def crawl(self) -> None:
        """Follow every link from the home page, each once."""
        waiting, known = ["/"], {"/"}
        while waiting:
            body = self.get(waiting.pop(0))
            for found in re.findall(r'href="([^"#]+)"', body):
                path = found.replace("&amp;", "&")
                if path.startswith("/") and not path.startswith("/static") and path not in known:
                    known.add(path)
                    waiting.append(path)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(socr: Organisation, neu: Organisation) -> Organisation:
    """SOCR with people, a segment, an own campaign and a coordinated one; NEU with people of its own."""
    for where, firsts in ((socr, ["Priya", "Zoe", "Noor"]), (neu, ["Theo", "Una"])):
        for first in firsts:
            email = SHARED if first == "Priya" else f"{first.lower()}@example.org"
            factories.granted(factories.address(factories.supporter(where, first), email))
    Segment.objects.create(organisation=socr, name="Everyone", rules={})
    fold.rebuild()
    return socr


def add_to_neu(neu: Organisation) -> None:
    """The one difference: somebody at the address of one of SOCR's people, with all that NEU could know."""
    person = factories.supporter(neu, "Priya", "Okafor", postcode="GU1 1AA", external_id="M-77")
    point = factories.address(person, SHARED)
    factories.granted(point, at=datetime(2026, 9, 9, tzinfo=UTC))
    tag = Tag.objects.create(organisation=neu, name="NEU reps 2026")
    SupporterTag.objects.create(organisation=neu, supporter=person, tag=tag)
    Batch.objects.create(organisation=neu, label="neu-members.xlsx")
    Deliverability.objects.create(
        organisation=neu, mailbox=point.keys.mailbox, problem=1, since=timezone.now()
    )
    other = factories.purpose(neu, "petitions")
    factories.event(point, Action.WITHDRAW, reach=Reach.CONTACT_POINT, what=other)
    factories.event(
        point, Action.UNSUB_ALL_ORG, reach=Reach.SUPPORTER, at=datetime(2025, 1, 1, tzinfo=UTC)
    )


def pairs() -> None:
    """Matching as a run leaves it: joins and links made, and a pair of everyone with everyone to decide."""
    match_lists.match_lists()
    everyone = list(Supporter.objects.order_by("pk").values_list("pk", flat=True))
    words = '[{"comparison": "Name", "level": "near", "words": "Much alike.", "weight": 4.5}]'
    with wall.scope("platform"):
        scored.store(
            [(one, other, 2, 0.9, 3.2, words, []) for one, other in combinations(everyone, 2)],
            model_id="m",
        )


def decide(visit: Visit, world: Organisation) -> None:
    """Decide of a pair and undo it, by the page."""
    # By whom it is of: the order in which a set of pairs was written is chance.
    found = Match.objects.filter(organisation=world).order_by("one_id", "other_id").first()
    assert found is not None
    visit.post(reverse("duplicate", args=[found.public_id]), {"decision": 1})
    visit.post(reverse("undo-duplicate", args=[found.public_id]), {})
    visit.post(reverse("duplicate", args=[found.public_id]), {"decision": 3})


def campaigns(socr: Organisation, neu: Organisation, coalition: Organisation) -> None:
    """An own campaign and a coordinated one, both sent as the workers would but for the mail server."""
    for owner, takes_part in ((socr, [socr]), (coalition, [socr, neu])):
        author, approver = (
            factories.user(socr, name=name, email=f"{name}{owner.pk}@socr.example.org".lower())
            for name in ("Author", "Approver")
        )
        made = Campaign.objects.create(
            organisation=owner,
            name=f"Of {owner.code}",
            mode="own" if owner == socr else "coordinated",
            state=Campaign.State.SCHEDULED,
            due_at=timezone.now(),
            created_by=author,
        )
        for where in takes_part:
            Version.objects.create(
                organisation=where,
                campaign=made,
                purpose=factories.purpose(where),
                subject=f"{where.code} writes",
                body="Please write to your MP.",
                author=author,
                approved_by=approver,
                approved_at=timezone.now(),
            )
        sending.freeze(campaign_id=made.pk)
        Delivery.objects.filter(campaign=made).update(status=Delivery.Status.SENT)
        Campaign.objects.filter(pk=made.pk).update(
            state=Campaign.State.DONE, finished_at=timezone.now()
        )


def everything(
    world: Organisation, neu: Organisation, coalition: Organisation, *, also: Callable[[], None]
) -> list[Answer]:
    """What SOCR's admin sees on every page and after every kind of act that names the address."""
    with undone():
        also()
        fold.rebuild()
        pairs()
        campaigns(world, neu, coalition)
        client = Client()
        client.force_login(factories.admin(world, email="ada@socr.example.org", name="Ada"))
        visit = Visit(client)
        for words in (SHARED, "priya", "okafor", "M-77", "GU1", "theo"):
            visit.get(f"{reverse('people')}?q={words}")
        new = {"first_name": "Priya", "last_name": "Okafor", "email": SHARED}
        visit.post(reverse("add-person"), new)
        visit.post(reverse("add-person"), {**new, "first_name": "Quite", "last_name": "Other"})
        zoe = ContactPoint.objects.get(organisation=world, address="zoe@example.org")
        visit.post(reverse("mend-address", args=[zoe.public_id]), {"email": "theo@example.org"})
        visit.post(reverse("add-tag", args=[zoe.supporter.public_id]), {"tag": "NEU reps 2026"})
        visit.post(reverse("invite-staff"), {"email": SHARED, "role": "organiser"})
        decide(visit, world)
        bring(visit)
        for format in ("csv", "xlsx"):
            reason = "For the crawl over every page."
            visit.post(reverse("add-export"), {"format": format, "reason": reason})
            exports.make(export_id=Export.objects.latest("pk").pk)
        visit.crawl()
        for unknown in ("before", "after"):
            visit.get(f"{reverse('people')}?{unknown}=00000000-0000-4000-8000-000000000000")
        return sorted(visit.seen)


def differences(ones: list[Answer], others: list[Answer]) -> list[str]:
    """Say for each page that differs which lines do."""
    return [
        "\n".join([path, *difflib.unified_diff(one.splitlines(), other.splitlines(), n=0)])
        for (path, _, one), (_, _, other) in zip(ones, others, strict=True)
        if one != other
    ]


def bring(visit: Visit) -> None:
    """Import a list that names the address twice and a mistake."""
    rows = (
        f"Email,First name,Opt in\n{SHARED},Priya,yes\n{SHARED},Priya,no\ntheo@@example,Theo,yes\n"
    )
    file = SimpleUploadedFile("list.csv", rows.encode())
    visit.post(reverse("add-import"), {"file": file, "statement": "unknown"})
    made = Import.objects.latest("pk")
    imports.preview(file=made)
    visit.get(reverse("import", args=[made.public_id]))
    visit.post(reverse("apply-import", args=[made.public_id]), {})
    imports.apply(file=Import.objects.get(pk=made.pk))


def test_r_sec1_no_page_export_or_error_tells_that_neu_has_somebody(
    world: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    """Scenario 25: every response is the same as for an address nobody knows"""
    without = everything(world, neu, coalition, also=lambda: None)
    with_them = everything(world, neu, coalition, also=lambda: add_to_neu(neu))
    paths = {path for path, _, _ in without}
    assert len(paths) > 40, "The crawl lost its way."
    assert {"/imports/", "/settings/audit/", "/exports/ID/file/", "/campaigns/people/ID/"} <= paths
    assert {"/duplicates/", "/duplicates/ID/?kind=possible"} <= paths
    assert {status for _, status, _ in without} <= {200, 404}
    assert [path for path, _, _ in with_them] == [path for path, _, _ in without]
    assert differences(without, with_them) == []


def test_the_crawl_would_notice_a_number_that_moves(
    world: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    def one_more() -> None:
        factories.supporter(world, "Extra")

    without = everything(world, neu, coalition, also=lambda: None)
    assert everything(world, neu, coalition, also=one_more) != without
