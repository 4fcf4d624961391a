"""Plain functions that make what a test needs, as the migrations' owner sees it: no wall, no service."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from crm.hashing import hashes_of
from crm.identity import addresses, names
from crm.models import (
    Action,
    AddressKey,
    AgeBand,
    Batch,
    ConsentEvent,
    ContactPoint,
    GoLive,
    Membership,
    Organisation,
    Purpose,
    Reach,
    Source,
    Statement,
    Supporter,
    User,
)

PASSWORD = "correct horse battery staple"
_count = itertools.count(1)


def organisation(code: str, name: str = "", *, is_partner: bool = True) -> Organisation:
    """An organisation that has gone live."""
    slug = code.lower()
    made = Organisation.objects.create(
        code=code,
        name=name or code,
        is_partner=is_partner,
        legal_name=f"{name or code} Ltd",
        postal_address=f"1 {code} Street, London N1 1AA",
        sender_name=name or code,
        sender_address=f"news@{slug}.example.org",
        reply_address=f"reply@{slug}.example.org",
    )
    GoLive.objects.create(
        organisation=made,
        dpia_reference="DPIA-1",
        dpia_signed_by="Dana Lead",
        dpia_signed_on=date(2026, 1, 5),
        sending_domain=f"{slug}.example.org",
        turned_on_at=datetime(2026, 1, 6, tzinfo=UTC),
    )
    return made


def user(
    where: Organisation, role: str = Membership.Role.ORGANISER, *, email: str = "", name: str = ""
) -> User:
    number = next(_count)
    made = User.objects.create_user(
        email or f"staff{number}@{where.code.lower()}.example.org",
        PASSWORD,
        name=name or f"Staff {number}",
    )
    Membership.objects.create(user=made, organisation=where, role=role, in_partner=where.is_partner)
    return made


def admin(where: Organisation, **extra: Any) -> User:
    return user(where, Membership.Role.ADMIN, **extra)


def purpose(where: Organisation, code: str = "updates") -> Purpose:
    made, _ = Purpose.objects.get_or_create(
        organisation=where,
        code=code,
        defaults={"name": code.title(), "description": "News, about twice a month."},
    )
    return made


def statement(
    where: Organisation,
    *,
    names_also: tuple[Organisation, ...] = (),
    names_owner: bool = True,
    requires_confirmation: bool = False,
) -> Statement:
    made = Statement.objects.create(
        organisation=where,
        code=f"form-{next(_count)}",
        words=f"Email me updates from {where.name}.",
        requires_confirmation=requires_confirmation,
    )
    made.organisations.set([*names_also, *([where] if names_owner else [])])
    made.purposes.set([purpose(where)])
    return made


def batch(where: Organisation, *, undone: bool = False) -> Batch:
    return Batch.objects.create(
        organisation=where,
        label=f"list {next(_count)}",
        applied_at=datetime.now(UTC),
        undone_at=datetime.now(UTC) if undone else None,
    )


def supporter(
    where: Organisation, first: str = "Priya", last: str = "Okafor", **extra: Any
) -> Supporter:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_supporter', 'id'))")
        (number,) = cursor.fetchone()
    return Supporter.objects.create(
        id=number,
        canonical_id=extra.pop("canonical_id", number),
        organisation=where,
        first_name=first,
        last_name=last,
        name_forms=list(names.forms(first)),
        last_fold=names.fold(last),
        age_band=extra.pop("age_band", AgeBand.ADULT),
        **extra,
    )


def address(of: Supporter, email: str = "", **extra: Any) -> ContactPoint:
    email = email or f"person{next(_count)}@example.org"
    folded = addresses.fold(email)
    hashes = hashes_of(folded)
    point = ContactPoint.objects.create(
        organisation_id=of.organisation_id, supporter=of, address=email, folded=folded, **extra
    )
    AddressKey.objects.create(
        contact_point=point,
        organisation_id=of.organisation_id,
        key_id=hashes.key_id,
        address_key=hashes.address_key,
        mailbox=hashes.mailbox,
    )
    return point


def event(
    point: ContactPoint,
    action: Action,
    *,
    source: Source = Source.PERSONAL,
    reach: Reach = Reach.CONTACT_POINT,
    at: datetime | None = None,
    until: datetime | None = None,
    what: Purpose | None = None,
    **extra: Any,
) -> ConsentEvent:
    return ConsentEvent.objects.create(
        organisation_id=point.organisation_id,
        supporter_id=point.supporter_id,
        contact_point=point,
        reach=reach,
        action=action,
        source=source,
        purpose=what,
        occurred_at=at,
        occurred_until=until or at,
        address_key=point.keys.address_key,
        mailbox=point.keys.mailbox,
        **extra,
    )


def granted(point: ContactPoint, *, at: datetime | None = None, **extra: Any) -> ConsentEvent:
    """A yes by the person's own act, with its wording."""
    where = point.organisation
    return event(
        point,
        Action.GRANT,
        at=at or datetime(2026, 1, 10, tzinfo=UTC),
        what=purpose(where),
        statement=extra.pop("statement", None) or statement(where),
        **extra,
    )
