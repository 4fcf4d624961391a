"""Writing to the ledger of consent: what people did, and what staff record on their behalf.

Every function appends events and brings the consent state up to date in the same transaction, so that a
stop is in force at once.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from crm import wall
from crm.models import (
    Action,
    AddressKey,
    Channel,
    ConsentEvent,
    ConsentHistory,
    ContactPoint,
    Deliverability,
    EvidenceNote,
    Organisation,
    Purpose,
    Reach,
    Source,
    Statement,
    Supporter,
    User,
)
from crm.sql import fold, holding


def refold(*, supporter_ids: Sequence[int] = (), mailboxes: Sequence[bytes] = ()) -> None:
    """Bring the consent state of these people and inboxes up to date. Keeper or platform scope."""
    fold.refold(fold.Touched(tuple(supporter_ids), tuple(mailboxes)))


def stop_organisation(
    *, supporter: Supporter, source: Source, detail: str, actor: User | None = None
) -> uuid.UUID:
    """Record that a person told the organisation to stop altogether; give the act's id.

    It reaches the person whatever the address. Needs no evidence.
    """
    return say(
        supporter=supporter,
        action=Action.UNSUB_ALL_ORG,
        source=source,
        detail=detail,
        actor=actor,
    )


def say(
    *,
    supporter: Supporter,
    action: Action,
    source: Source,
    detail: str,
    actor: User | None = None,
    purpose: Purpose | None = None,
    paused_until: datetime | None = None,
    act: uuid.UUID | None = None,
) -> uuid.UUID:
    """Record a refusal, a pause or its end that speaks of a person whatever the address; give the act's id.

    It is written for each entry joined in them and each of their addresses, so that taking them apart loses
    nothing (invariant I7). Without a `purpose` it speaks of every type of email. `act`: what it is part of.
    """
    act, now = act or uuid.uuid4(), timezone.now()
    with transaction.atomic(), wall.elevated("keeper"):
        holding.hold(supporter_ids=[supporter.canonical_id])
        entries = Supporter.objects.filter(canonical=supporter.canonical_id)
        points = ContactPoint.objects.filter(supporter__in=entries, channel=Channel.EMAIL)
        addressed = list(
            points.values_list("supporter_id", "pk", "keys__address_key", "keys__mailbox")
        )
        bare = set(entries.values_list("pk", flat=True)) - {row[0] for row in addressed}
        ConsentEvent.objects.bulk_create(
            ConsentEvent(
                organisation_id=supporter.organisation_id,
                supporter_id=supporter_id,
                contact_point_id=point_id,
                address_key=key,
                mailbox=mailbox,
                reach=Reach.SUPPORTER,
                purpose=purpose,
                action=action,
                source=source,
                source_detail=detail,
                occurred_at=now,
                occurred_until=now,
                paused_until=paused_until,
                actor=actor,
                act_id=act,
            )
            for supporter_id, point_id, key, mailbox in [
                *addressed,
                *((supporter_id, None, None, None) for supporter_id in bare),
            ]
        )
        refold(
            supporter_ids=[supporter.canonical_id], mailboxes=[bytes(row[3]) for row in addressed]
        )
    return act


def stop_address(*, point: ContactPoint, detail: str) -> uuid.UUID:
    """Record a one-click stop: this organisation mails this inbox no more, whoever reads it (RFC 8058)."""
    with transaction.atomic(), wall.elevated("keeper"):
        mailbox = AddressKey.objects.values_list("mailbox", flat=True).get(contact_point=point)
        act = stop_mailbox(
            organisation_id=point.organisation_id,
            mailbox=bytes(mailbox),
            detail=detail,
            point=point,
        )
        refold(mailboxes=[bytes(mailbox)])
    return act


def stop_mailbox(
    *, organisation_id: int, mailbox: bytes, detail: str, point: ContactPoint | None = None
) -> uuid.UUID:
    """Record that the reader of an inbox told an organisation to stop, on whose list it may not be; give the act.

    It covers what is imported later. An equal stop in force is enough: the second time adds nothing. The caller
    refolds the inbox. Keeper or platform scope.
    """
    holding.hold(
        mailboxes=[mailbox]
    )  # a yes that is being written is seen, and this stop comes after it
    act, now = uuid.uuid4(), timezone.now()
    events = ConsentEvent.objects.filter(organisation_id=organisation_id, mailbox=mailbox)
    last = (
        events.filter(reach=Reach.MAILBOX, action=Action.UNSUB_ALL_ORG, purpose=None)
        .order_by("-id")
        .first()
    )
    lifted = events.filter(action=Action.GRANT).exclude(source=Source.IMPORT)
    if last is not None and not lifted.filter(id__gt=last.pk).exists():
        act = last.act_id or act
        end_joint_mail(mailboxes=[mailbox], act=act)
        return act
    ConsentEvent.objects.create(
        organisation_id=organisation_id,
        supporter_id=point.supporter_id if point else None,
        contact_point=point,
        mailbox=mailbox,
        reach=Reach.MAILBOX,
        action=Action.UNSUB_ALL_ORG,
        source=Source.PERSONAL,
        source_detail=detail,
        occurred_at=now,
        occurred_until=now,
        act_id=act,
    )
    return act


def end_joint_mail(*, mailboxes: Collection[bytes], act: uuid.UUID) -> None:
    """Let a stop that a partner has already end what the person joined since: joint mail to these inboxes."""
    with connection.cursor() as cursor:
        for mailbox in mailboxes:
            cursor.execute("SELECT crm_end_joint_mail(%s, %s)", [mailbox, act])


def record_complaint(*, point: ContactPoint, detail: str) -> uuid.UUID:
    """Record that the reader of an inbox marked this organisation's mail as spam; give the act's id.

    It ends mail from this organisation to the inbox until its reader signs up anew, and is told to no other
    organisation. The second report of the same campaign (`detail`) changes nothing, unless they signed up between.
    """
    act, now = uuid.uuid4(), timezone.now()
    with transaction.atomic(), wall.elevated("keeper"):
        mailbox = AddressKey.objects.values_list("mailbox", flat=True).get(contact_point=point)
        holding.hold(mailboxes=[bytes(mailbox)])
        events = ConsentEvent.objects.filter(organisation_id=point.organisation_id, mailbox=mailbox)
        said = events.filter(action=Action.COMPLAINT, source_detail=detail).last()
        lifted = events.filter(action=Action.GRANT).exclude(source=Source.IMPORT)
        if said is not None and not lifted.filter(id__gt=said.pk).exists():
            return said.act_id or act
        ConsentEvent.objects.create(
            organisation_id=point.organisation_id,
            supporter_id=point.supporter_id,
            contact_point=point,
            mailbox=mailbox,
            reach=Reach.MAILBOX,
            action=Action.COMPLAINT,
            source=Source.PERSONAL,
            source_detail=detail,
            occurred_at=now,
            occurred_until=now,
            act_id=act,
        )
        problem = ContactPoint.Problem.COMPLAINED
        Deliverability.objects.update_or_create(
            organisation_id=point.organisation_id,
            mailbox=mailbox,
            defaults={"problem": problem, "since": now, "batch": None},
        )
        readers = AddressKey.objects.filter(organisation_id=point.organisation_id, mailbox=mailbox)
        ContactPoint.objects.filter(pk__in=readers.values("contact_point")).update(problem=problem)
        refold(mailboxes=[bytes(mailbox)])
    return act


def complaints(organisation: Organisation, *, days: int) -> int:
    """Count the complaints about an organisation's mail in the last days."""
    since = timezone.now() - timedelta(days=days)
    found = ConsentHistory.objects.filter(organisation=organisation, action=Action.COMPLAINT)
    return found.filter(recorded_at__gte=since).count()


def stop_everything(*, point: ContactPoint, detail: str) -> uuid.UUID:
    """Record that the reader of an inbox told every organisation to stop; give the act's id.

    An ordinary stop is written to each organisation that holds the inbox, and a row that covers what anyone
    imports later. So it is for the person's other inboxes that nobody else reads, and, whatever the address, for
    whoever is linked with them as one person (crm/sql/linking.py). The caller refolds the others by `refold_act`
    in a worker; they are stopped already.
    """
    act = uuid.uuid4()
    with transaction.atomic(), wall.elevated("keeper"):
        keys = AddressKey.objects.get(contact_point=point)
        holding.hold(mailboxes=[bytes(keys.mailbox)])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT crm_stop_everything(%s, %s, %s, %s)",
                [bytes(keys.mailbox), keys.key_id, act, detail],
            )
            cursor.execute(
                "SELECT crm_stop_person(%s, %s, %s, %s)",
                [point.supporter_id, bytes(keys.mailbox), act, detail],
            )
        refold(supporter_ids=[point.supporter_id], mailboxes=[bytes(keys.mailbox)])
    return act


def refold_act(*, act_id: uuid.UUID) -> None:
    """Bring up to date every organisation's state of the inboxes that one act spoke of."""
    with wall.scope("platform"):
        found = ConsentEvent.objects.filter(act_id=act_id, mailbox__isnull=False)
        boxes = {bytes(box) for box in found.values_list("mailbox", flat=True) if box is not None}
        if boxes:
            refold(mailboxes=sorted(boxes))


def record_yes(
    *,
    point: ContactPoint,
    purpose: Purpose,
    statement: Statement,
    said_at: datetime,
    words: str,
    actor: User,
) -> ConsentEvent:
    """Record that a person told staff *email me*: with the wording they were told, when, and a note of how.

    Raises ValidationError where the evidence is missing or the words do not name the organisation. After a
    refusal it counts only with a second person and the person's own confirmation (the fold sees to that).
    """
    faults: dict[str, str] = {}
    if not words.strip():
        faults["words"] = "Write how they told you: by phone, on paper, at which event."
    if said_at > timezone.now():
        faults["said_at"] = "This date is in the future."
    if not statement.organisations.filter(pk=point.organisation_id).exists():
        faults["statement"] = "This wording does not name your organisation."
    if not statement.purposes.filter(pk=purpose.pk).exists():
        faults["purpose"] = "This wording does not speak of this type of email."
    if faults:
        raise ValidationError(faults)
    digest = hashlib.sha256(words.strip().encode()).digest()
    with transaction.atomic(), wall.elevated("keeper"):
        EvidenceNote.objects.get_or_create(
            organisation_id=point.organisation_id, digest=digest, defaults={"words": words.strip()}
        )
        keys = AddressKey.objects.get(contact_point=point)
        holding.hold(mailboxes=[bytes(keys.mailbox)])
        event = ConsentEvent.objects.create(
            organisation_id=point.organisation_id,
            supporter_id=point.supporter_id,
            contact_point=point,
            address_key=keys.address_key,
            mailbox=keys.mailbox,
            reach=Reach.CONTACT_POINT,
            purpose=purpose,
            action=Action.GRANT,
            source=Source.STAFF,
            source_detail="told staff",
            statement=statement,
            occurred_at=said_at,
            occurred_until=said_at,
            actor=actor,
            evidence=digest,
        )
        refold(mailboxes=[bytes(keys.mailbox)])
    return event


def inherit_problems(*, organisation_id: int, point: ContactPoint) -> None:
    """Give a new address what this organisation already knows of its inbox. Keeper scope."""
    known = (
        Deliverability.objects.filter(organisation_id=organisation_id, mailbox=point.keys.mailbox)
        .values_list("problem", flat=True)
        .first()
    )
    if known:
        ContactPoint.objects.filter(pk=point.pk).update(problem=known)


def other_organisations(organisation: Organisation) -> Sequence[Organisation]:
    """Give the partners beside this one; the same for everyone, so it says nothing of anyone."""
    return list(Organisation.objects.filter(is_partner=True).exclude(pk=organisation.pk))
