"""What tests of supporters' pages share: people, links, forms, and a worker that carries out what was sent in."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import consent, tokens
from crm.models import (
    AgeBand,
    ContactPoint,
    Organisation,
    Role,
    ServiceMail,
    SignUpBox,
    SignUpForm,
    Statement,
    Topic,
)
from crm.reasons import Reason
from crm.services import submissions
from crm.sql import fold
from mailings import letters
from tests import factories

CAMPAIGN = uuid.UUID("1a2b3c4d-0000-4000-8000-000000000000")
EMAIL = "priya.okafor@example.org"
BASE = {"email": EMAIL, "first_name": "Priya", "last_name": "Okafor", "age_band": "18"}


def said_yes(where: Organisation, email: str = EMAIL, first: str = "Priya") -> ContactPoint:
    """Somebody on a list who said yes."""
    found = factories.address(factories.supporter(where, first), email)
    factories.granted(found)
    return found


def reasons(found: ContactPoint, at: Any = None, **asked: Any) -> Reason:
    """Every reason why an address may not be mailed."""
    purpose = factories.purpose(found.organisation)
    question = consent.Question(purpose.pk, at=at, **asked)
    decided = consent.decide(ContactPoint.objects.filter(pk=found.pk), question)
    return Reason(decided.values_list("reasons", flat=True).get())


def page_of(found: ContactPoint) -> str:
    """The address of a preference page."""
    token = tokens.preference_token(found.public_id, found.organisation_id, CAMPAIGN)
    return reverse("preferences", args=[token])


def own_page_of(found: ContactPoint) -> str:
    """The address of a person's own page, as a fresh link opens it."""
    token = tokens.make("fresh", about=found.public_id, organisation_id=found.organisation_id)
    return reverse("own-page", args=[token])


def words(answer: Any) -> str:
    """What can be read of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def carry_out() -> None:
    """Do what a worker does with what was sent in."""
    submissions.carry_out()
    assert fold.differences() == 0


def last_mail(kind: ServiceMail.Kind) -> ServiceMail:
    """The newest service mail of a kind."""
    return ServiceMail.objects.filter(kind=kind).latest("pk")


def link_in(mail: ServiceMail) -> str:
    """The address that a service mail's link opens."""
    (found,) = re.findall(r"https?://\S+", letters.compose(mail, mail.organisation).text)
    return "/" + found.split("/", 3)[3]


def press(client: Client, kind: ServiceMail.Kind) -> Any:
    """Follow the link of the newest mail of a kind, press its button, and let a worker do it."""
    answer = client.post(link_in(last_mail(kind)))
    carry_out()
    return answer


def form(where: Organisation, *more: Organisation, slug: str = "join-us") -> SignUpForm:
    """A sign-up form with a box for emails of its organisation and of each other that is named."""
    made = SignUpForm.objects.create(organisation=where, slug=slug, title="Join us")
    for owner in (where, *more):
        box(made, owner)
    return made


def box(on: SignUpForm, owner: Organisation, role: Role | None = None) -> SignUpBox:
    """A box of an organisation's own wording; the coalition's names every partner."""
    partners = tuple(Organisation.objects.filter(is_partner=True))
    wording: Statement = factories.statement(
        owner, requires_confirmation=True, names_also=() if owner.is_partner else partners
    )
    return SignUpBox.objects.create(
        organisation=owner,
        form=on,
        wording=wording,
        purpose=None if role else factories.purpose(owner),
        role=role,
    )


def name_of(found: SignUpBox) -> str:
    """The field of a box."""
    about = found.purpose.code if found.purpose else f"role-{found.role_id}"
    return f"box-{found.wording.public_id.hex}-{about}"


def sign_up(client: Client, on: SignUpForm, *ticked: SignUpBox, **written: Any) -> Any:
    """Send a form with some boxes ticked; all boxes for emails if none is named."""
    boxes = ticked or tuple(on.boxes.filter(purpose__isnull=False))
    said = {**BASE, "nonce": str(uuid.uuid4()), **{name_of(found): "on" for found in boxes}}
    return client.post(reverse("join", args=[on.slug]), {**said, **written})


def role(code: str) -> Role:
    """A role of the coalition's vocabulary."""
    return Role.objects.get_or_create(
        code=code, defaults={"label": code, "is_special": code.endswith("send")}
    )[0]


def topic(where: Organisation, name: str = "EHC plans") -> Topic:
    """A topic of an organisation."""
    return Topic.objects.create(organisation=where, name=name)


def adult(found: ContactPoint) -> None:
    """Say that the person is of age."""
    found.supporter.age_band = AgeBand.ADULT
    found.supporter.save()


def now() -> Any:
    """The clock."""
    return timezone.now()
