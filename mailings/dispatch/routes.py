"""By which relay or service a campaign leaves: an organisation's own for its own mail, the platform's for the rest.

What several organisations send never leaves by a partner's account, which would list its receivers (R-SEC4): a
constraint on the campaign says so, whatever the code does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from mailings.dispatch.relay import RelayUnavailableError
from mailings.models import Campaign

SMTP, SERVICES = ("smtp", "smtps"), ("mailgun", "postmark", "ses")


@dataclass(frozen=True, slots=True)
class Route:
    """A relay (smtp, smtps) or a service: mailgun://KEY@domain, postmark://TOKEN@stream, ses://KEY:SECRET@region."""

    kind: str
    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    options: dict[str, str]

    @property
    def is_service(self) -> bool:
        """Whether it takes many messages in one call."""
        return self.kind in SERVICES


def parse(url: str) -> Route:
    """Read a route. Raises ValueError in a sentence that does not repeat its secret."""
    parts = urlsplit(url)
    if parts.scheme not in (*SMTP, *SERVICES):
        raise ValueError(
            f"A route begins with {', '.join((*SMTP, *SERVICES))}, not {parts.scheme}."
        )
    return Route(
        kind=parts.scheme,
        name=(parts.hostname or parts.scheme)[:100],
        url=url,
        secret=unquote(parts.username or ""),
        options={name: values[0] for name, values in parse_qs(parts.query).items()},
    )


def of(campaign: Campaign) -> Route:
    """Give a campaign's route, as it was settled when the campaign was frozen. Raises RelayUnavailableError."""
    url = settings.COALESCE_ROUTE or settings.COALESCE_SMTP
    if campaign.route == Campaign.Route.OWN:
        url = settings.COALESCE_ROUTES.get(campaign.organisation.code, "")
    if not url:
        raise RelayUnavailableError(
            f"{campaign.organisation.code} has no route of its own any more"
        )
    return parse(url)
