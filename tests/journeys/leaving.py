"""Plants somebody in every kind of row and file that an installation keeps; run in `manage.py shell`."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from django.utils import timezone

from crm import wall
from crm.models import (
    Membership,
    Organisation,
    Role,
    Supporter,
    SupporterRole,
    Topic,
)
from crm.models.groups import SupporterTopic
from crm.services import cases, exports, match_lists, people, permissions
from imports import services as imports
from mailings.models import Audience, Campaign, Delivery, Version
from tests import factories
from tests.crm import public

FIRST, LAST, EMAIL = "Zephyrine", "Quillfeather", "zephyrine.quillfeather@example.org"
PHONE = "020 7946 0987"
HEAD = "Email,First name,Last name,Phone,Postcode,Opt in,Opt in date,Favourite colour"
FILE = f"""{HEAD}
{EMAIL},{FIRST},{LAST},{PHONE},GU1 1AA,yes,2026-01-10,teal for {LAST}
zephyrine.quillfeather@@example.org,{FIRST},{LAST},,,yes,2026-01-10,
priya.okafor@example.org,Priya,Okafor,,,yes,2026-01-10,
"""


def plant() -> None:
    """Put the person on the lists of SOCR; print their pages as JSON."""
    with wall.scope("platform"):
        socr, neu = (Organisation.objects.get(code=code) for code in ("SOCR", "NEU"))
        admin = Membership.objects.filter(organisation=socr, role="admin").get().user
        statement = factories.statement(socr)
    bring(socr, statement, FILE, confirm=True)
    bring(socr, statement, FILE + "\n", confirm=False)  # one that waits to be confirmed
    bring(neu, None, "Email\nnobody.at.all@example.org\n", confirm=True)
    with wall.scope("platform"):
        person = Supporter.objects.get(organisation=socr, last_name=LAST)
        point = person.contact_points.get(channel=1)
    with wall.scope("staff", organisation_id=socr.pk, user_id=admin.pk):
        permissions.record_yes(
            point=point,
            purpose=factories.purpose(socr),
            statement=statement,
            said_at=timezone.now(),
            words=f"{FIRST} {LAST} said so at the stall",
            actor=admin,
        )
        # Known already: what a colleague heard is added to it, and noted by who did what.
        details = people.NewPerson(first_name=FIRST, last_name=LAST, email=EMAIL, phone=PHONE)
        people.add_person(organisation=socr, details=details)
        people.tag_supporters(organisation=socr, tag_name="stall", supporter_ids=[person.pk])
        export = exports.request(
            organisation=socr, user=admin, segment=None, format="csv", reason="To count"
        )
    with wall.scope("platform"):
        SupporterRole.objects.create(
            organisation=socr, supporter=person, role=Role.objects.get(code="senco")
        )
        topic = Topic.objects.create(organisation=socr, name="EHC plans")
        SupporterTopic.objects.create(organisation=socr, supporter=person, topic=topic)
        campaign(socr, admin, person, point)
        match_lists.match_lists()
        incident = cases.draft_incident(
            organisation_id=socr.pk, what=f"Mail to {EMAIL} went astray.", people=1
        )
        cases.note(incident, f"{EMAIL} has been told")
    exports.make(export_id=export.pk)
    print("PAGES", json.dumps({"person": str(person.public_id), "page": public.page_of(point)}))


def bring(where: Organisation, statement: object, text: str, *, confirm: bool) -> None:
    """Import a file as an admin does, up to its preview or to the end."""
    with wall.scope("keeper", organisation_id=where.pk):
        file = imports.upload(
            organisation=where,
            name="list.csv",
            content=io.BytesIO(text.encode()),
            statement=statement,  # type: ignore[arg-type]
            collected_on=None,
            adults_only=True,
            user=None,
        )
    file = imports.preview(file=file)
    if confirm:
        with wall.scope("keeper", organisation_id=where.pk):
            imports.start(file=file)
        imports.apply(file=file)


def campaign(socr: Organisation, admin: object, person: Supporter, point: object) -> None:
    """A campaign that is over, of which the mail server refused the person's message, naming the address."""
    made = Campaign.objects.create(
        organisation=socr,
        name="Protect SENCO time",
        state=Campaign.State.DONE,
        due_at=datetime(2026, 2, 1, tzinfo=UTC),
        finished_at=datetime(2026, 2, 1, tzinfo=UTC),
        created_by=admin,  # type: ignore[misc]
    )
    version = Version.objects.create(
        organisation=socr,
        campaign=made,
        purpose=factories.purpose(socr),
        subject="Protect SENCO time",
        body="Dear {{ first_name|friend }}",
        author=admin,  # type: ignore[misc]
    )
    about = {"organisation": socr, "campaign": made, "version": version, "supporter": person}
    Audience.objects.create(contact_point=point, **about)
    Delivery.objects.create(
        contact_point=point,
        mailbox=point.keys.mailbox,  # type: ignore[attr-defined]
        seq=1,
        status=Delivery.Status.FAILED,
        detail=f"550 <{EMAIL}>: no {LAST} here",
        **about,
    )
