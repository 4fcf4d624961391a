"""Hands messages over: the only place that knows the mail backend (house rule 12)."""

from mailings.dispatch.letters import send_service_mail
from mailings.dispatch.relay import Refused, Relay, RelayUnavailableError
from mailings.dispatch.sending import send_chunk, send_test
from mailings.dispatch.webhooks import PROVIDERS, NotFromThemError, UnreadableError, read

__all__ = [
    "PROVIDERS",
    "NotFromThemError",
    "Refused",
    "Relay",
    "RelayUnavailableError",
    "UnreadableError",
    "read",
    "send_chunk",
    "send_service_mail",
    "send_test",
]
