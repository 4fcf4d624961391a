"""*I changed my address*: what a person said yes to comes along, once they confirm from the new one (I5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.utils import timezone

from crm import consent
from crm.identity import addresses
from crm.models import (
    Action,
    Channel,
    ConsentEvent,
    ConsentState,
    ContactPoint,
    Purpose,
    Reach,
    Record,
    ServiceMail,
    Source,
    Submission,
)
from crm.reasons import ASIDE, Reason
from crm.services import letters, matching, people, permissions, profiles
from crm.services.sign_ups import Yes, write_yes

KEPT_FOR = timedelta(days=1)


def ask(submission: Submission) -> timedelta:
    """Write to the new address to have it confirmed. Platform scope."""
    letters.post(
        organisation_id=submission.fields["organisation"],
        kind=ServiceMail.Kind.CONFIRM_ADDRESS,
        address=submission.fields["email"],
        facts={"about": str(submission.public_id)},
    )
    return KEPT_FOR


def confirm(asked: Submission, *, at: datetime) -> None:
    """Carry what may be mailed at the old address over to the new one, and stop the old one. Platform scope.

    Each yes is written as a new act of the person under the same wording, confirmed (scenario 28). What they
    did not say yes to at the old address does not come along.
    """
    first = ContactPoint.objects.select_related("supporter__canonical").get(
        public_id=asked.fields["point"]
    )
    email = addresses.clean(asked.fields["email"])
    if first.retired_at is None and addresses.fold(email) != first.folded:
        for old in matching.with_joint(first):
            _move(old, email, at)


def _move(old: ContactPoint, email: str, at: datetime) -> None:
    carried = _carried(old)
    new = people.add_address(
        organisation_id=old.organisation_id, supporter_id=old.supporter_id, email=email
    )
    for yes in carried:
        write_yes(new, yes, said_at=at, confirmed=at, detail="carried over by the person")
    _stop(old, at)
    ContactPoint.objects.filter(pk=old.pk).update(
        retired_at=timezone.now(), links_from=timezone.now(), batch=None
    )
    Record.objects.create(
        organisation_id=old.organisation_id,
        supporter_id=old.supporter_id,
        source=Source.PERSONAL,
        as_of=at,
        email=email,
    )
    profiles.refresh(supporter_ids=[old.supporter.canonical_id])
    permissions.refold(supporter_ids=[old.supporter_id])


def _carried(old: ContactPoint) -> list[Yes]:
    """Give what the old address may be mailed now, by the gate, with the wording that each yes rests on."""
    found = []
    for purpose in Purpose.objects.filter(organisation=old.organisation_id):
        question = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)
        asked = consent.decide(ContactPoint.objects.filter(pk=old.pk), question)
        reasons = Reason(asked.values_list("reasons", flat=True).get())
        state = ConsentState.objects.filter(contact_point=old, purpose=purpose).first()
        if state is not None and state.statement_id and not reasons & ~ASIDE:
            found.append(Yes(old.organisation_id, purpose.pk, state.statement_id))
    return found


def _stop(old: ContactPoint, at: datetime) -> None:
    """Write that the person wants nothing more at the old address; of other readers of its inbox it says nothing."""
    ConsentEvent.objects.create(
        organisation_id=old.organisation_id,
        supporter_id=old.supporter_id,
        contact_point=old,
        address_key=old.keys.address_key,
        mailbox=old.keys.mailbox,
        reach=Reach.CONTACT_POINT,
        channel=Channel.EMAIL,
        action=Action.WITHDRAW,
        source=Source.PERSONAL,
        source_detail="moved to another address",
        occurred_at=at,
        occurred_until=at,
        act_id=uuid4(),
    )
