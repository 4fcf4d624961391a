"""Adding one person, mending an address, noting roles and tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm import wall
from crm.hashing import hashes_of
from crm.identity import addresses, phones, postcodes
from crm.models import (
    AddressKey,
    Branch,
    Channel,
    ContactPoint,
    Organisation,
    Record,
    Role,
    Source,
    Supporter,
    SupporterRole,
    SupporterTag,
    Tag,
)
from crm.services import matching, permissions, profiles
from crm.sql import people as sql


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What staff know of a person they add; every text may be empty but one of email and phone."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    postcode: str = ""
    age_band: int = 0
    roles: list[Role] = field(default_factory=list)


def add_person(
    *, organisation: Organisation, details: NewPerson, branch_id: int | None = None
) -> Supporter:
    """Add a person by hand, or add to the one whom the address and a compatible name already name.

    `branch_id`: of the officer who adds them; somebody of another branch is then another entry, so that the
    officer does not learn of them. Gives the supporter. It gives no permission to email: that is recorded apart,
    with its evidence.
    Raises ValidationError, a sentence each, by field.
    """
    email, phone, postcode = _checked(details)
    with transaction.atomic(), wall.elevated("keeper"):
        known = matching.find(
            organisation_id=organisation.pk,
            folded=addresses.fold(email),
            first_name=details.first_name,
            last_name=details.last_name,
        )
        if branch_id and not Supporter.objects.filter(pk=known or 0, branch=branch_id).exists():
            known = None
        supporter_id = known or sql.next_supporter_id()
        if known is None:
            Supporter.objects.create(
                id=supporter_id,
                canonical_id=supporter_id,
                organisation=organisation,
                branch_id=branch_id,
            )
        Record.objects.create(
            organisation=organisation,
            supporter_id=supporter_id,
            source=Source.STAFF,
            as_of=timezone.now(),
            first_name=details.first_name.strip(),
            last_name=details.last_name.strip(),
            email=email,
            phone=phone,
            postcode=postcode,
            age_band=details.age_band,
        )
        if email:
            add_address(organisation_id=organisation.pk, supporter_id=supporter_id, email=email)
        if phone:
            ContactPoint.objects.get_or_create(
                organisation=organisation,
                supporter_id=supporter_id,
                channel=Channel.PHONE,
                folded=phone,
                defaults={"address": phone},
            )
            ContactPoint.objects.filter(
                supporter_id=supporter_id, channel=Channel.PHONE, folded=phone
            ).update(batch=None)
        for role in details.roles:
            SupporterRole.objects.update_or_create(
                organisation=organisation,
                supporter_id=supporter_id,
                role=role,
                defaults={"batch": None},
            )
        profiles.refresh(supporter_ids=[supporter_id])
        return Supporter.objects.get(pk=supporter_id)


def _checked(details: NewPerson) -> tuple[str, str, str]:
    """Give the cleaned email, phone and postcode, or raise a sentence for each that is wrong."""
    faults: dict[str, str] = {}
    email = addresses.clean(details.email)
    if email and (fault := addresses.fault(email)):
        faults["email"] = fault
    phone = phones.normalise(details.phone) if details.phone.strip() else ""
    if phone is None:
        faults["phone"] = "This is not a telephone number: check it for typing mistakes."
    postcode = postcodes.normalise(details.postcode) if details.postcode.strip() else ""
    if postcode is None:
        faults["postcode"] = "This is not a full postcode, such as GU1 1AA."
    if not (email or phone or faults):
        faults["email"] = "Give an email address or a telephone number."
    if faults:
        raise ValidationError(faults)
    return email, phone or "", postcode or ""


def add_address(*, organisation_id: int, supporter_id: int, email: str) -> ContactPoint:
    """Give a supporter a cleaned email address, with its hashes; the one there is, if there. Keeper scope."""
    folded = addresses.fold(email)
    shared = addresses.is_role_mailbox(folded)
    point, made = ContactPoint.objects.get_or_create(
        organisation_id=organisation_id,
        supporter_id=supporter_id,
        channel=Channel.EMAIL,
        folded=folded,
        defaults={
            "address": email,
            "kind": ContactPoint.Kind.SHARED if shared else ContactPoint.Kind.PERSONAL,
        },
    )
    if made:
        hashes = hashes_of(folded)
        AddressKey.objects.create(
            contact_point=point,
            organisation_id=organisation_id,
            key_id=hashes.key_id,
            address_key=hashes.address_key,
            mailbox=hashes.mailbox,
        )
        # An inbox that was told to stop, or from which mail came back, is so for whoever comes with it.
        permissions.inherit_problems(organisation_id=organisation_id, point=point)
        permissions.refold(mailboxes=[hashes.mailbox])
    elif point.retired_at is not None or point.batch_id is not None:
        # From now on it is theirs, whatever becomes of the import that brought it.
        ContactPoint.objects.filter(pk=point.pk).update(retired_at=None, batch=None)
    return point


CORRECTABLE = ("first_name", "last_name", "postcode", "external_id", "relationship", "age_band")


def correct(*, supporter: Supporter, says: Source, corrections: dict[str, Any]) -> list[str]:
    """Put a person's details right (UK GDPR 16): a record of what they or staff say, as of now.

    `corrections`: values by name, of CORRECTABLE. What other sources said stays as they said it, and the profile is
    chosen anew. Gives the names for which another value stands still: the person's own word.
    """
    with transaction.atomic(), wall.elevated("keeper"):
        if corrections:
            Record.objects.create(
                organisation_id=supporter.organisation_id,
                supporter=supporter,
                source=says,
                as_of=timezone.now(),
                **{name: corrections[name] for name in CORRECTABLE if name in corrections},
            )
            profiles.refresh(supporter_ids=[supporter.pk], reached=[])
        chosen = Supporter.objects.get(pk=supporter.pk)
        return [name for name, value in corrections.items() if getattr(chosen, name) != value]


def mend_address(*, point: ContactPoint, email: str) -> ContactPoint:
    """Replace a wrong address by the right one; give the new one.

    A yes belongs to the address it was given with (invariant I5): the new one starts without permission,
    and the old one keeps its history. Raises ValidationError for what is no address.
    """
    email = addresses.clean(email)
    if fault := addresses.fault(email):
        raise ValidationError({"email": fault})
    with transaction.atomic(), wall.elevated("keeper"):
        if addresses.fold(email) == point.folded:
            ContactPoint.objects.filter(pk=point.pk).update(address=email)
            return point
        new = add_address(
            organisation_id=point.organisation_id, supporter_id=point.supporter_id, email=email
        )
        ContactPoint.objects.filter(pk=point.pk).update(retired_at=timezone.now(), batch=None)
        canonical = Supporter.objects.values_list("canonical_id", flat=True).get(
            pk=point.supporter_id
        )
        profiles.refresh(supporter_ids=[canonical])
        return new


def tag_supporters(*, organisation: Organisation, tag_name: str, supporter_ids: list[int]) -> int:
    """Give supporters a tag, made if new; give how many did not have it. One statement for all."""
    tag = _tag(organisation, tag_name)
    before = SupporterTag.objects.filter(tag=tag).count()
    SupporterTag.objects.bulk_create(
        [
            SupporterTag(organisation=organisation, supporter_id=supporter_id, tag=tag)
            for supporter_id in supporter_ids
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )
    given = SupporterTag.objects.filter(tag=tag, supporter__in=supporter_ids)
    given.filter(batch__isnull=False).update(batch=None)
    return SupporterTag.objects.filter(tag=tag).count() - before


def untag(*, supporter: Supporter, tag: Tag) -> None:
    """Take a tag off a person, whichever of the entries joined in them carried it."""
    SupporterTag.objects.filter(supporter__canonical=supporter.pk, tag=tag).delete()


def _tag(organisation: Organisation, name: str) -> Tag:
    name = " ".join(name.split())
    if not name:
        raise ValidationError({"tag": "Give the tag a name."})
    try:
        with transaction.atomic():
            return Tag.objects.get_or_create(organisation=organisation, name=name)[0]
    except IntegrityError:  # made by somebody else in this moment
        return Tag.objects.get(organisation=organisation, name=name)


def set_branch(*, supporter: Supporter, branch: Branch | None) -> None:
    """Put a person, with every entry joined in them, into a branch of their organisation, or into none."""
    Supporter.objects.filter(canonical=supporter.canonical_id).update(branch=branch)
