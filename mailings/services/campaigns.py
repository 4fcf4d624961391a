"""Writing a campaign, having it approved by somebody else, and putting it in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Organisation, Purpose, Segment, User
from mailings import merge
from mailings.models import Campaign, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an organiser writes for their organisation."""

    segment: Segment | None
    purpose: Purpose
    subject: str
    body: str


def not_live(campaign: Campaign) -> list[str]:
    """Give the names of the organisations for which it would be sent and for which sending is off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mailings_not_live(%s::smallint, %s)", [campaign.organisation_id, campaign.mode]
        )
        (names,) = cursor.fetchone()
    return list(names)


def create(
    *,
    organisation: Organisation,
    name: str,
    is_coordinated: bool,
    suitable_for_under_18: bool,
    due_at: datetime | None,
    user: User,
) -> Campaign:
    """Begin a campaign: of one organisation, or of all partners together (the coalition then owns it)."""
    owner = Organisation.objects.get(is_partner=False) if is_coordinated else organisation
    return Campaign.objects.create(
        organisation=owner,
        name=name,
        mode=Campaign.Mode.COORDINATED if is_coordinated else Campaign.Mode.OWN,
        suitable_for_under_18=suitable_for_under_18,
        due_at=due_at,
        created_by=user,
    )


def write(*, campaign: Campaign, organisation: Organisation, draft: Draft, user: User) -> Version:
    """Save one organisation's text; an approval that it had is taken away (scenario 62).

    Raises ValidationError, a sentence for each field that is wrong.
    """
    faults = {
        name: found
        for name, text in (("subject", draft.subject), ("body", draft.body))
        if (found := merge.faults(text))
    }
    if faults:
        raise ValidationError(faults)
    with transaction.atomic():
        _lock_draft(campaign)
        version, _ = Version.objects.update_or_create(
            campaign=campaign,
            organisation=organisation,
            defaults={
                "segment": draft.segment,
                "purpose": draft.purpose,
                "subject": " ".join(draft.subject.split()),
                "body": draft.body,
                "author": user,
                "approved_by": None,
                "approved_at": None,
            },
        )
    return version


def approve(*, version: Version, user: User) -> Campaign:
    """Approve a text as somebody else than its author; with the last one the campaign waits for its time.

    Raises ValidationError in a sentence: for one's own text, a missing imprint, sending that is off, a campaign no
    longer a draft.
    """
    if user.pk == version.author_id:
        raise ValidationError("You wrote this text: ask somebody else to approve it.")
    organisation = version.organisation
    if not (organisation.legal_name.strip() and organisation.postal_address.strip()):
        raise ValidationError(
            "The imprint is missing. Add the legal name and postal address under Settings."
        )
    if names := not_live(version.campaign):
        raise ValidationError(
            f"Sending is off for {' and '.join(names)}. "
            "An admin turns it on under Settings, Before the first campaign."
        )
    with transaction.atomic():
        campaign = _lock_draft(version.campaign)
        Version.objects.filter(pk=version.pk, approved_at=None).update(
            approved_by=user, approved_at=timezone.now()
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT mailings_is_approved(%s)", [campaign.pk])
            (is_approved,) = cursor.fetchone()
        if is_approved:
            campaign.state = Campaign.State.SCHEDULED
            campaign.due_at = campaign.due_at or timezone.now()
            campaign.save(update_fields=["state", "due_at"])
    return campaign


def cancel(*, campaign: Campaign) -> Campaign:
    """Call a campaign off before it is sent. The second time does nothing."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if campaign.state in (Campaign.State.DRAFT, Campaign.State.SCHEDULED):
            campaign.state = Campaign.State.CANCELLED
            campaign.save(update_fields=["state"])
        elif campaign.state != Campaign.State.CANCELLED:
            raise ValidationError("The sending has begun: it cannot be called off.")
    return campaign


def copy(*, campaign: Campaign, organisation: Organisation, user: User) -> Campaign:
    """Begin a new draft with the texts that this organisation may see of an earlier campaign."""
    with transaction.atomic():
        new = create(
            organisation=organisation,
            name=f"{campaign.name} (copy)"[:120],
            is_coordinated=campaign.is_coordinated,
            suitable_for_under_18=campaign.suitable_for_under_18,
            due_at=None,
            user=user,
        )
        for version in Version.objects.filter(campaign=campaign, organisation=organisation):
            draft = Draft(
                segment=version.segment,
                purpose=version.purpose,
                subject=version.subject,
                body=version.body,
            )
            write(campaign=new, organisation=organisation, draft=draft, user=user)
    return new


def _lock_draft(campaign: Campaign) -> Campaign:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if not campaign.is_draft:
        raise ValidationError("This campaign is no longer a draft: copy it to write another.")
    return campaign
