"""Hands messages over: the only place that knows the mail backend (house rule 12)."""

from mailings.dispatch.letters import send_service_mail
from mailings.dispatch.relay import Refused, Relay, RelayUnavailableError
from mailings.dispatch.sending import send_chunk, send_test

__all__ = [
    "Refused",
    "Relay",
    "RelayUnavailableError",
    "send_chunk",
    "send_service_mail",
    "send_test",
]
