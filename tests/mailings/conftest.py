"""A real SMTP server on this machine, and campaigns that are ready to go."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from crm.models import ContactPoint, Organisation
from mailings import dispatch
from mailings.models import Campaign, Version
from mailings.services import sending
from tests import factories


@dataclass
class Relay:
    """What the server was given, and how it answers."""

    messages: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def inboxes(self) -> list[str]:
        """Who was written to, in order."""
        return [str(message["To"]) for message in self.messages]

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take or refuse a recipient."""
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the message."""
        self.messages.append(
            cast(EmailMessage, message_from_bytes(envelope.content, policy=default))
        )
        return "250 OK"


@pytest.fixture
def relay(settings: Any) -> Iterator[Relay]:
    kept = Relay()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    settings.COALESCE_SMTP = f"smtp://127.0.0.1:{port}"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    yield kept
    controller.stop()


def campaign(*organisations: Organisation, **extra: Any) -> Campaign:
    """An approved campaign whose time has come: coordinated when several organisations take part."""
    owner = organisations[0]
    if len(organisations) > 1:
        owner = Organisation.objects.filter(is_partner=False).first() or factories.organisation(
            "JOINT", is_partner=False
        )
    author, approver = factories.user(organisations[0]), factories.user(organisations[0])
    made = Campaign.objects.create(
        organisation=owner,
        name="Protect SENCO time",
        mode=Campaign.Mode.COORDINATED if len(organisations) > 1 else Campaign.Mode.OWN,
        state=Campaign.State.SCHEDULED,
        due_at=timezone.now(),
        created_by=author,
        **extra,
    )
    for organisation in organisations:
        Version.objects.create(
            organisation=organisation,
            campaign=made,
            purpose=factories.purpose(organisation),
            subject=f"{organisation.code} asks {{{{ first_name|you }}}}",
            body="Dear {{ first_name|friend }},\n\n**please** write.",
            author=author,
            approved_by=approver,
            approved_at=timezone.now(),
        )
    return made


def supporter_who_said_yes(where: Organisation, email: str, first: str = "Priya") -> ContactPoint:
    point = factories.address(factories.supporter(where, first), email)
    factories.granted(point)
    return point


def send_all(made: Campaign) -> Campaign:
    """Freeze and send a campaign to its end, as the workers would."""
    sending.freeze(campaign_id=made.pk)
    while dispatch.send_chunk(made.pk):
        pass
    sending.sweep()
    made.refresh_from_db()
    return made
