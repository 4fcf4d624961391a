"""The wall as rules (docs/reference/law.md), each by its id.

R-SEC1 is in tests/house/test_crawl.py and R-SEC9 in tests/crm/test_notes.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import consent, tokens, wall
from crm.models import (
    AuditEntry,
    ConsentEvent,
    ContactPoint,
    Deliverability,
    Organisation,
    PlatformStop,
    Tag,
)
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from mailings import membership
from mailings.models import Audience, Campaign, Delivery, OwnMessage, Version
from mailings.services import sending
from tests import factories
from tests.imports.conftest import bring
from tests.mailings.conftest import campaign

pytestmark = pytest.mark.django_db

EMAIL = "priya@example.org"
UNIQUE = """
    SELECT c.relname, i.relname, array_agg(a.attname::text ORDER BY a.attname)
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(x.indkey)
    WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace
      AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organisation_id')
      AND has_any_column_privilege('coalesce_staff', c.oid, 'INSERT, UPDATE')
    GROUP BY 1, 2
"""
# What is one's own row's key, so that no two organisations could have the same.
OF_ONE_ROW = {
    "id",
    "public_id",
    "supporter_id",
    "contact_point_id",
    "batch_id",
    "file_id",
    "campaign_id",
    "version_id",
    "form_id",
    "user_id",
    "slug",  # of a sign-up form: anybody may open its public address
}


def signed_in(where: Organisation) -> Client:
    client = Client()
    client.force_login(factories.admin(where))
    return client


def gate(point: ContactPoint) -> int:
    question = consent.Question(factories.purpose(point.organisation).pk)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
    return int(decided.values_list("reasons", flat=True).get())


def both_at(email: str, *organisations: Organisation) -> list[ContactPoint]:
    """Somebody known to several, who said yes to each."""
    found = []
    for where in organisations:
        point = factories.address(factories.supporter(where), email)
        factories.granted(point)
        found.append(point)
    fold.rebuild()
    return found


def test_r_sec2_an_import_reads_the_same_whoever_else_has_the_address(
    socr: Organisation, neu: Organisation
) -> None:
    def told(email: str, name: str) -> dict[str, Any]:
        file = bring(socr, [["Email", "First name", "Opt in"], [email, "Una", "yes"]], name=name)
        return dict(file.counts)

    both_at("held@example.org", neu)
    held, unknown = told("held@example.org", "one.csv"), told("nobody@example.org", "two.csv")
    for counts, name in ((held, "one.csv"), (unknown, "two.csv")):
        assert counts.pop("columns")[0]["sheet"] == name
    assert held == unknown


def test_r_sec3_no_unique_constraint_that_staff_can_meet_spans_organisations(
    socr: Organisation, neu: Organisation
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNIQUE)
        spanning = [
            (table, index)
            for table, index, columns in cursor.fetchall()
            if "organisation_id" not in columns and not OF_ONE_ROW & set(columns)
        ]
    assert spanning == []
    points = both_at(EMAIL, socr, neu)
    assert len(points) == 2


def test_r_sec4_of_a_coordinated_campaign_a_partner_sees_no_message_and_no_total_of_sent(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    both_at(EMAIL, socr, neu)
    made = campaign(socr, neu)
    sending.freeze(campaign_id=made.pk)
    Delivery.objects.update(status=Delivery.Status.SENT)
    assert Delivery.objects.filter(campaign=made).count() == 1
    for where in (socr, neu):
        with wall.scope("staff", organisation_id=where.pk):
            assert not OwnMessage.objects.exists()
            included = Audience.objects.get(campaign=made)
        page = signed_in(where).get(reverse("person-mail", args=[included.supporter.public_id]))
        assert f"{made.name}</a>: Included" in page.content.decode()


def test_r_sec4b_what_one_learned_by_sending_is_neither_shown_to_nor_used_for_another(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = both_at(EMAIL, socr, neu)
    client, url = signed_in(socr), reverse("person", args=[mine.supporter.public_id])
    before = client.get(url).content.decode()
    ContactPoint.objects.filter(pk=theirs.pk).update(problem=ContactPoint.Problem.BOUNCES)
    Deliverability.objects.create(
        organisation=neu, mailbox=theirs.keys.mailbox, problem=1, since=timezone.now()
    )
    assert gate(mine) == 0
    assert gate(theirs) != 0
    after = client.get(url).content.decode()
    assert "Problem" not in after
    assert len(after) == len(before)


def test_r_sec4c_a_stop_to_everything_is_an_ordinary_stop_at_each_and_one_keyed_row(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = both_at(EMAIL, socr, neu)
    with wall.scope("keeper", organisation_id=socr.pk):
        act = permissions.stop_everything(point=mine, detail="test")
    told = ConsentEvent.objects.filter(act_id=act).values_list("organisation", flat=True)
    assert sorted(told) == sorted([socr.pk, neu.pk])
    assert bytes(PlatformStop.objects.get().mailbox) == bytes(mine.keys.mailbox)
    assert gate(mine) & gate(theirs)


def test_r_sec5_a_tag_has_one_owner_and_a_label_is_shown_to_nobody_else(
    socr: Organisation, neu: Organisation
) -> None:
    Tag.objects.create(organisation=neu, name="NEU reps 2026")
    factories.batch(neu)
    client = signed_in(socr)
    for name in ("home", "imports", "add-segment", "admin:crm_tag_changelist", "who-did-what"):
        assert "NEU reps 2026" not in client.get(reverse(name)).content.decode()
    assert client.post(reverse("admin:crm_tag_add"), {"name": "NEU reps 2026"}).status_code == 302


def test_r_sec6_a_preference_page_is_the_same_whoever_else_knows_the_reader(
    socr: Organisation, neu: Organisation
) -> None:
    (mine,) = both_at(EMAIL, socr)
    page = reverse("preferences", args=[tokens.preference_token(mine.public_id, socr.pk, None)])
    before = Client().get(page).content
    both_at(EMAIL, neu)
    assert Client().get(page).content == before


def members_only(where: Organisation, subject: str = "Our letter of June") -> Campaign:
    made = campaign(where, members_only=True)
    Version.objects.filter(campaign=made).update(
        subject=subject, approved_by=None, approved_at=None
    )
    return made


def test_r_sec7_mail_for_members_only_leaves_out_inboxes_that_several_people_read(
    neu: Organisation,
) -> None:
    shared, own = both_at("office@oak.sch.uk", neu)[0], both_at("priya@oak.sch.uk", neu)[0]
    ContactPoint.objects.filter(pk=shared.pk).update(kind=ContactPoint.Kind.SHARED)
    made = campaign(neu, members_only=True)
    sending.freeze(campaign_id=made.pk)
    reasons = dict(Audience.objects.values_list("contact_point", "reasons"))
    assert reasons == {shared.pk: Reason.SHARED_INBOX_NOT_ALLOWED, own.pk: 0}
    assert Delivery.objects.get().contact_point == own


def test_r_sec7_mail_for_members_only_warns_about_those_who_would_read_it_at_work(
    neu: Organisation,
) -> None:
    both_at("priya@oak.sch.uk", neu)
    both_at("sam@college.ac.uk", neu)
    both_at("ali@example.org", neu)
    factories.address(factories.supporter(neu, "Jo"), "jo@ash.sch.uk")  # would not get it
    made = members_only(neu)
    page = signed_in(neu).get(reverse("campaign", args=[made.public_id])).content.decode()
    assert "2 of those who would get it read it at work" in page
    assert "comes from National Education Union, and its subject" in page
    Campaign.objects.filter(pk=made.pk).update(members_only=False)
    page = signed_in(neu).get(reverse("campaign", args=[made.public_id])).content.decode()
    assert "read it at work" not in page


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("A vote of all MEMBERS", ["members"]),
        ("NEU: your workload", ["NEU"]),
        ("Remember the union meeting", ["union"]),
        ("Reunion of the choir: remember to neutralise", []),
    ],
)
def test_r_sec7_a_subject_that_gives_membership_away_is_warned_about(
    neu: Organisation, subject: str, said: list[str]
) -> None:
    made = members_only(neu, subject)
    assert membership.telling(Version.objects.get(campaign=made)) == said
    page = signed_in(neu).get(reverse("campaign", args=[made.public_id])).content.decode()
    assert ("The subject gives membership away" in page) == bool(said)


def test_r_sec7_an_organisation_chooses_the_words_that_give_membership_away(
    neu: Organisation,
) -> None:
    Organisation.objects.filter(pk=neu.pk).update(telling_words="rep, conference")
    version = Version.objects.get(campaign=members_only(neu, "Conference: members and reps"))
    assert membership.telling(version) == ["conference"]


def test_r_sec8_each_view_and_export_says_who_when_whose_and_why(socr: Organisation) -> None:
    person = factories.supporter(socr)
    admin = factories.admin(socr)
    client = Client()
    client.force_login(admin)
    client.get(reverse("person", args=[person.public_id]))
    reason = "For the stall on Saturday."
    client.post(reverse("add-export"), {"format": "csv", "reason": reason})
    view, export = AuditEntry.objects.filter(user=admin, kind__in=[1, 2]).order_by("pk")
    assert (view.supporter_id, view.reason) == (person.pk, "person’s page")
    assert (export.changes, export.reason) == (
        {"asked for": [None, "Everyone on our list"]},
        reason,
    )
    assert view.at <= export.at
