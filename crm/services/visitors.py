"""Carrying out what the public page *stop emails, or send me my link* was asked, for any address whatever."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from crm.hashing import hashes_of
from crm.identity import addresses
from crm.models import ContactPoint, Organisation, ServiceMail, Submission
from crm.services import letters, permissions

Kind = ServiceMail.Kind
EVERYONE = "everyone"


def stop(submission: Submission) -> None:
    """Stop what one organisation, or everyone, sends to an inbox; on no list, too, for what is imported later."""
    email, whom = submission.fields["email"], submission.fields["organisation"]
    hashes = hashes_of(addresses.fold(email))
    if whom == EVERYONE:
        act = uuid4()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT crm_stop_everything(%s, %s, %s, %s)",
                [hashes.mailbox, hashes.key_id, act, "stop everything"],
            )
        told = Organisation.objects.all()
    else:
        told = Organisation.objects.filter(code=whom)
        act = permissions.stop_mailbox(
            organisation_id=told.get().pk, mailbox=hashes.mailbox, detail="stop page"
        )
    permissions.refold(mailboxes=[hashes.mailbox])
    for organisation in told:
        _tell(organisation, hashes.mailbox, act)


def _tell(organisation: Organisation, mailbox: bytes, act: UUID) -> None:
    """Write to an inbox on the organisation's list that it was stopped: somebody else may have done it.

    A form that is sent twice at once brings one email.
    """
    point = (
        ContactPoint.objects.filter(
            organisation=organisation, keys__mailbox=mailbox, retired_at=None
        )
        .order_by("pk")
        .first()
    )
    just_told = ServiceMail.objects.filter(
        kind=Kind.STOPPED, contact_point=point, created_at__gt=timezone.now() - timedelta(minutes=1)
    )
    if point is not None and not just_told.exists():
        letters.post(
            organisation_id=organisation.pk,
            kind=Kind.STOPPED,
            point=point,
            facts={"about": str(act)},
        )


def send_link(submission: Submission) -> None:
    """Send each person who has the address at an organisation the link to their own page; nobody otherwise."""
    found = ContactPoint.objects.filter(
        organisation__code=submission.fields["organisation"],
        channel=1,
        folded=addresses.fold(submission.fields["email"]),
        retired_at=None,
    )
    for point in found.order_by("pk")[:3]:
        letters.post(
            organisation_id=point.organisation_id,
            kind=Kind.FRESH_LINK,
            point=point,
            facts={"easy": int(bool(submission.fields.get("easy")))},
        )
