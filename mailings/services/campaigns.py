"""Writing a campaign, having it approved by somebody else, and putting it in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Membership, Organisation, Purpose, Segment, Topic, User
from crm.reasons import Reason
from mailings import merge
from mailings.models import Campaign, JointApproval, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an organiser writes for their organisation."""

    segment: Segment | None
    purpose: Purpose
    topic: Topic | None = None
    subject: str
    body: str
    extra_link: str = Version.ExtraLink.NONE


IMPORTANT_A_YEAR = 4  # what people are promised who ask for important emails only


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign is: its name, for whom it is suitable, and when it goes."""

    name: str
    is_coordinated: bool = False
    suitable_for_under_18: bool = False
    is_important: bool = False
    members_only: bool = False
    mentions_candidate: bool = False
    election: str = ""
    on_doubt: str = Campaign.OnDoubt.HOLD
    due_at: datetime | None = None


def not_live(campaign: Campaign) -> list[str]:
    """Give the names of the organisations for which it would be sent and for which sending is off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mailings_not_live(%s::smallint, %s)", [campaign.organisation_id, campaign.mode]
        )
        (names,) = cursor.fetchone()
    return list(names)


def create(*, organisation: Organisation, plan: Plan, user: User) -> Campaign:
    """Begin a campaign: of one organisation, of all partners together, or of the coalition to the joint list.

    What goes out for several is the coalition's. Raises ValidationError where a promise to those who asked for
    important emails only would be broken.
    """
    mode, owner = Campaign.Mode.OWN, organisation
    if not organisation.is_partner:
        mode = Campaign.Mode.JOINT
    elif plan.is_coordinated:
        mode, owner = Campaign.Mode.COORDINATED, Organisation.objects.get(is_partner=False)
    if plan.is_important:
        _keep_important_rare(owner)
    return Campaign.objects.create(
        organisation=owner,
        mode=mode,
        name=plan.name,
        suitable_for_under_18=plan.suitable_for_under_18,
        is_important=plan.is_important,
        members_only=plan.members_only,
        mentions_candidate=plan.mentions_candidate,
        election=plan.election.strip(),
        on_doubt=plan.on_doubt,
        due_at=plan.due_at,
        created_by=user,
    )


def _keep_important_rare(owner: Organisation) -> None:
    year = timezone.now() - timedelta(days=365)
    called_off = Campaign.State.CANCELLED
    last = Campaign.objects.filter(organisation=owner, is_important=True, created_at__gte=year)
    if last.exclude(state=called_off).count() >= IMPORTANT_A_YEAR:
        raise ValidationError(
            {
                "is_important": f"You have {IMPORTANT_A_YEAR} important campaigns within a year, as many as "
                "people were promised. Send this one without the mark."
            }
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
                "topic": draft.topic,
                "subject": " ".join(draft.subject.split()),
                "body": draft.body,
                "extra_link": draft.extra_link,
                "author": user,
                "approved_by": None,
                "approved_at": None,
                "checked_by": None,
                "checked_at": None,
            },
        )
    return version


def approve(*, version: Version, user: User) -> Campaign:
    """Approve a text as somebody else than its author; with the last one the campaign waits for its time.

    A joint text needs one approval of each partner. Raises ValidationError in a sentence: for one's own text,
    a missing imprint, sending that is off, a campaign no longer a draft.
    """
    if user.pk == version.author_id:
        raise ValidationError("You wrote this text: ask somebody else to approve it.")
    _check_imprints(version.campaign)
    if names := not_live(version.campaign):
        raise ValidationError(
            f"Sending is off for {' and '.join(names)}. "
            "An admin turns it on under Settings, Before the first campaign.",
            code=Reason.SENDER_NOT_AUTHORISED.name,
        )
    with transaction.atomic():
        campaign = _lock_draft(version.campaign)
        if campaign.mentions_candidate and not _is_checked(campaign, version, user):
            return campaign
        if not campaign.is_joint or _approve_jointly(version, user):
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


def _is_checked(campaign: Campaign, version: Version, user: User) -> bool:
    """Tell whether somebody else has checked a text that mentions a candidate; if nobody has, note that the user did.

    A joint text has an approver of each partner anyway (docs/reference/law.md, "Imprints").
    """
    if not campaign.election.strip():
        raise ValidationError(
            "This email mentions a candidate: name the election that it is about. Copy the campaign to do so.",
            code="ELECTION_MISSING",
        )
    if campaign.is_joint:
        return True
    checked_by = Version.objects.values_list("checked_by", flat=True).get(pk=version.pk)
    if checked_by == user.pk:
        raise ValidationError("You have approved this already: a second colleague must as well.")
    if checked_by is None:
        Version.objects.filter(pk=version.pk).update(checked_by=user, checked_at=timezone.now())
    return checked_by is not None


def _check_imprints(campaign: Campaign) -> None:
    """Refuse while anyone on whose behalf it is sent has no full imprint (docs/reference/law.md, "Imprints")."""
    missing = [
        organisation.name
        for organisation in campaign.on_behalf_of()
        if not (organisation.legal_name.strip() and organisation.postal_address.strip())
    ]
    if missing:
        raise ValidationError(
            f"The imprint of {' and '.join(missing)} is missing. "
            "An admin there adds the legal name and postal address under Settings.",
            code=Reason.IMPRINT_MISSING.name,
        )


def _approve_jointly(version: Version, user: User) -> bool:
    """Add the approval of the partner that the user works for; give whether no partner's is missing."""
    own = Membership.objects.filter(user=user, in_partner=True).select_related("organisation")
    membership = own.first()
    if membership is None:
        raise ValidationError(
            "Each partner approves a joint email, and you work for none of them: ask a colleague who does."
        )
    JointApproval.objects.get_or_create(
        organisation=version.organisation,
        version=version,
        partner=membership.organisation,
        defaults={"user": user},
    )
    given = JointApproval.objects.filter(version=version).values("partner")
    return not Organisation.objects.filter(is_partner=True).exclude(pk__in=given).exists()


def cancel(*, campaign: Campaign) -> Campaign:
    """Call a campaign off: nobody gets it who did not get it yet. The second time does nothing.

    While it is sent, no email begins after the one each worker is just handing over.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if campaign.state == Campaign.State.DONE:
            raise ValidationError("It was sent: there is nothing left to call off.")
        if campaign.state != Campaign.State.CANCELLED:
            campaign.state = Campaign.State.CANCELLED
            campaign.finished_at = timezone.now()
            campaign.save(update_fields=["state", "finished_at"])
    return campaign


def copy(*, campaign: Campaign, organisation: Organisation, user: User) -> Campaign:
    """Begin a new draft with the texts that this organisation may see of an earlier campaign."""
    with transaction.atomic():
        new = create(
            organisation=organisation,
            plan=Plan(
                name=f"{campaign.name} (copy)"[:120],
                is_coordinated=campaign.is_coordinated,
                suitable_for_under_18=campaign.suitable_for_under_18,
                members_only=campaign.members_only,
                mentions_candidate=campaign.mentions_candidate,
                election=campaign.election,
                on_doubt=campaign.on_doubt,
            ),
            user=user,
        )
        for version in Version.objects.filter(campaign=campaign, organisation=organisation):
            draft = Draft(
                segment=version.segment,
                purpose=version.purpose,
                topic=version.topic,
                subject=version.subject,
                body=version.body,
                extra_link=version.extra_link,
            )
            write(campaign=new, organisation=organisation, draft=draft, user=user)
    return new


def _lock_draft(campaign: Campaign) -> Campaign:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if not campaign.is_draft:
        raise ValidationError("This campaign is no longer a draft: copy it to write another.")
    return campaign
