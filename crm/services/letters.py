"""Putting service mail in its queue: a link, a confirmation, an answer. mailings/dispatch sends it."""

from __future__ import annotations

import uuid

from crm.hashing import hashes_of
from crm.identity import addresses
from crm.models import ContactPoint, ServiceMail

Facts = dict[str, str | int | list[int]]


def post(
    *,
    organisation_id: int,
    kind: ServiceMail.Kind,
    point: ContactPoint | None = None,
    address: str = "",
    facts: Facts | None = None,
) -> uuid.UUID:
    """Queue one message to a contact point, or to a bare address of which nothing is kept; give its public id.

    `facts` are ids and codes, from which the template's words are made when it is sent. It goes within seconds
    of the commit. Staff, keeper or platform scope; staff cannot read the row back.
    """
    folded = point.folded if point is not None else addresses.fold(addresses.clean(address))
    mail = ServiceMail.objects.create(
        organisation_id=organisation_id,
        kind=kind,
        contact_point=point,
        address="" if point is not None else addresses.clean(address),
        mailbox=hashes_of(folded).mailbox,
        facts=facts or {},
    )
    return mail.public_id
