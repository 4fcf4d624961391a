"""What the messages of one campaign share: its versions made ready, and the asking about each."""

from __future__ import annotations

from functools import cached_property

from crm import consent, tokens
from mailings import audience, rendering
from mailings.dispatch import calls, moulds
from mailings.models import Version
from mailings.sql import queue
from mailings.sql.asking import Asking


class Post:
    """One campaign's versions, made ready once for a chunk."""

    def __init__(self, campaign_id: int) -> None:
        self._versions = list(
            Version.objects.filter(campaign=campaign_id).select_related(
                "organisation", "campaign__organisation"
            )
        )
        self.campaign = self._versions[0].campaign
        partners = self.campaign.on_behalf_of()
        self.prepared = {v.pk: rendering.prepare(v, partners=partners) for v in self._versions}
        self.domains = {
            v.pk: v.organisation.sender_address.partition("@")[2].lower() for v in self._versions
        }
        self.questions: dict[int, consent.Question] = {
            v.pk: audience.question(v) for v in self._versions
        }
        self._ready: tuple[queue.Message, moulds.Sealed] | None = None

    @cached_property
    def _moulds(self) -> dict[int, moulds.Moulds]:
        """The moulds of each version, for relays."""
        return {version: moulds.Moulds(made) for version, made in self.prepared.items()}

    @cached_property
    def asking(self) -> dict[int, Asking]:
        """The statement that asks about one message of each version, for relays."""
        return {version: Asking.about(asked) for version, asked in self.questions.items()}

    def make_ready(self, message: queue.Message) -> None:
        """Make a message ahead of its turn."""
        self._ready = (message, self._made(message))

    def cast(self, message: queue.Message) -> moulds.Sealed:
        """Make the message to one inbox, for a relay; or give the one that is ready."""
        if self._ready is not None and self._ready[0] is message:
            return self._ready[1]
        return self._made(message)

    def _made(self, message: queue.Message) -> moulds.Sealed:
        return self._moulds[message.version_id].cast(
            values=self._values(message),
            token=self._token(message),
            message_id=message.public_id,
            address=message.address,
        )

    def letter(self, message: queue.Message) -> calls.Letter:
        """Give what differs in the message to one inbox, for a service."""
        return calls.Letter(
            delivery_id=message.delivery_id,
            message=message.public_id,
            address=message.address,
            values=self._values(message),
            token=self._token(message),
        )

    def _values(self, message: queue.Message) -> dict[str, str]:
        return rendering.greeting(
            first_name=message.first_name,
            last_name=message.last_name,
            is_personal=message.is_personal,
        )

    def _token(self, message: queue.Message) -> str:
        return tokens.preference_token(
            message.contact_point, message.organisation_id, self.campaign.public_id
        )
