"""What a visitor may try, to learn whether an address is on a list: the forms that need no login."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from crm.forms.public import name_of
from crm.models import Organisation, Purpose, SignUpBox, SignUpForm
from crm.services import organisations

Act = Callable[[str], None]
SLUG = "timing"


def visits(asked: Organisation) -> list[tuple[str, Act]]:
    """Give the acts by name: signing up with an organisation, stopping its emails, asking for one's link."""
    client = Client(SERVER_NAME="127.0.0.1")
    stop = {"email": "{address}", "organisation": asked.code}
    join = {"email": "{address}", "first_name": "Una", "age_band": "18", name_of(_box(asked)): "on"}
    return [
        ("sign_up", partial(_post, client, reverse("join", args=[SLUG]), join, "We have sent")),
        (
            "stop",
            partial(_post, client, reverse("stop-emails"), stop | {"what": "stop"}, "no more"),
        ),
        ("link", partial(_post, client, reverse("stop-emails"), stop | {"what": "link"}, "is on")),
    ]


def _box(asked: Organisation) -> SignUpBox:
    """Give the box of the benchmark's form, made the first time."""
    known = SignUpBox.objects.select_related("wording", "purpose").filter(form__slug=SLUG).first()
    if known is not None:
        return known
    form = SignUpForm.objects.create(organisation=asked, slug=SLUG, title="Join us")
    wording = organisations.add_wording(
        organisation=asked,
        code=SLUG,
        words=f"Email me, {asked.name}.",
        requires_confirmation=True,
    )
    purpose = Purpose.objects.get(organisation=asked, code="updates")
    return organisations.add_box(
        form=form,
        organisation=asked,
        wording=wording,
        easy_wording=None,
        purpose=purpose,
        role=None,
    )


def _post(client: Client, path: str, values: dict[str, str], said: str, address: str) -> None:
    """Send a form, and see that it was taken: a form that was turned away would measure nothing."""
    cache.clear()  # a thousand forms a minute are a flood; each act pays the same for this
    given = {name: value.format(address=address) for name, value in values.items()}
    answer = client.post(path, given)
    assert answer.status_code == 200
    assert said in answer.content.decode()
