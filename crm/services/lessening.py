"""What the reader of a preference link does: stop, pause, get fewer. It can only lessen, and counts at once."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import timezone

from crm import wall
from crm.models import (
    Action,
    AddressKey,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Purpose,
    Reach,
    ServiceMail,
    Source,
    Supporter,
    SupporterTopic,
)
from crm.services import letters, permissions, preferences
from crm.sql import holding
from crm.tokens import Preference

# Whole days, so that a pause of three months is over on the same day for everyone.
PAUSES = {1: timedelta(days=30), 3: timedelta(days=91), 6: timedelta(days=182)}


def stop_person(*, preference: Preference) -> uuid.UUID | None:
    """Stop everything that this organisation sends to this person, at any address.

    Gives the act, to be refolded in a worker where it reaches the joint list; of the second time the first
    act. Raises ContactPoint.DoesNotExist.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        return _refuse(preferences.find(preference, hold=True), preference, Action.UNSUB_ALL_ORG)


def stop_type(*, preference: Preference, code: str) -> uuid.UUID | None:
    """Stop one type of email to this person, at any address; give the act, None for a type there is not."""
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference, hold=True)
        purpose = Purpose.objects.filter(organisation=point.organisation_id, code=code).first()
        return _refuse(point, preference, Action.WITHDRAW, purpose) if purpose else None


def _refuse(
    point: ContactPoint,
    preference: Preference,
    action: Action,
    purpose: Purpose | None = None,
    act: uuid.UUID | None = None,
) -> uuid.UUID | None:
    canonical = Supporter.objects.get(pk=point.supporter.canonical_id)
    holding.hold(supporter_ids=[canonical.pk])
    if (said := _said_already(canonical, action, purpose)) and purpose is None:
        keys = AddressKey.objects.filter(contact_point__supporter__canonical=canonical)
        boxes = {bytes(box) for box in keys.values_list("mailbox", flat=True)}
        permissions.end_joint_mail(mailboxes=sorted(boxes), act=said)
    return said or permissions.say(
        supporter=canonical,
        action=action,
        purpose=purpose,
        act=act,
        source=Source.PERSONAL,
        detail=_detail("preference page", preference),
    )


def _said_already(
    canonical: Supporter, action: Action, purpose: Purpose | None
) -> uuid.UUID | None:
    """Give the act by which each entry joined in a person was stopped so already, with no yes after it."""
    entries = set(Supporter.objects.filter(canonical=canonical).values_list("pk", flat=True))
    said = ConsentEvent.objects.filter(supporter__in=entries)
    stops = said.filter(
        action=action, purpose=purpose, reach=Reach.SUPPORTER, source=Source.PERSONAL
    )
    last = dict(stops.values_list("supporter").annotate(last=Max("pk")))
    lifted = said.filter(action=Action.GRANT).exclude(source=Source.IMPORT).aggregate(Max("pk"))
    if entries != set(last) or min(last.values()) <= (lifted["pk__max"] or 0):
        return None
    return stops.order_by("pk").values_list("act_id", flat=True).last()


def stop_inbox(*, preference: Preference, one_click: bool) -> uuid.UUID:
    """Stop everything that this organisation sends to this inbox, whoever reads it; give the act.

    The second time changes nothing and gives the first. Raises ContactPoint.DoesNotExist.
    """
    detail = _detail("one-click" if one_click else "preference page", preference)
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference, hold=True)
        return permissions.stop_address(point=point, detail=detail)


def stop_other(*, preference: Preference, code: str) -> uuid.UUID | None:
    """Stop what the joint list, or from a joint email's page a partner, sends to this inbox; give the act.

    It is written whether or not the inbox is on that list, so it neither asks nor tells. None for whom this
    page does not offer.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference, hold=True)
        offered = {other.code: other for other in preferences.others(point.organisation)}
        mailbox = AddressKey.objects.values_list("mailbox", flat=True).get(contact_point=point)
    if code not in offered:
        return None
    with wall.scope("keeper", organisation_id=offered[code].pk):
        act = permissions.stop_mailbox(
            organisation_id=offered[code].pk,
            mailbox=bytes(mailbox),
            detail="preference page",  # not whose: that would tell who else knows them
        )
        permissions.refold(mailboxes=[bytes(mailbox)])
        return act


def stop_everything(*, preference: Preference) -> uuid.UUID:
    """Stop what every organisation sends to this inbox, and this one to the person at any address.

    Gives the act, to be refolded in a worker. Raises ContactPoint.DoesNotExist.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference, hold=True)
        # Every organisation reads the detail, and none may learn through whose email it came (R-SEC4c).
        act = permissions.stop_everything(point=point, detail="stop everything")
        _refuse(point, preference, Action.UNSUB_ALL_ORG, act=act)
        return act


def pause(*, preference: Preference, months: int) -> datetime:
    """Pause this organisation's mail to this person; give when it starts again. Raises ContactPoint.DoesNotExist.

    The second time on one day changes nothing.
    """
    day = timezone.localdate() + PAUSES[months]
    until = timezone.make_aware(datetime.combine(day, time.min))
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference, hold=True)
        canonical = Supporter.objects.get(pk=point.supporter.canonical_id)
        running = preferences.paused_until(point)
        if running is None or running < until:
            permissions.say(
                supporter=canonical,
                action=Action.PAUSE,
                paused_until=until,
                source=Source.PERSONAL,
                detail=_detail("preference page", preference),
            )
        return max(until, running or until)


def only_important(*, preference: Preference) -> None:
    """Send this person important emails only, from now on. Raises ContactPoint.DoesNotExist."""
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference)
        Supporter.objects.filter(
            canonical=point.supporter.canonical_id, only_important_since__isnull=True
        ).update(only_important_since=timezone.now())


def untick(*, preference: Preference, kept: set[str]) -> bool:
    """Leave out every topic whose name is not in `kept`. A topic newly ticked changes nothing: it takes a fresh link.

    Gives whether there is one newly ticked. Raises ContactPoint.DoesNotExist.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference, hold=True)
        shown = preferences.topics(point)
        for topic in shown:
            if topic.wanted and topic.name not in kept:
                leave_out(point, topic.id)
        return any(topic.name in kept and not topic.wanted for topic in shown)


def leave_out(point: ContactPoint, topic_id: int) -> None:
    """Note that a person wants nothing about a topic, for each entry joined in them (I7). Keeper scope."""
    for entry in Supporter.objects.filter(canonical=point.supporter.canonical_id):
        SupporterTopic.objects.update_or_create(
            organisation_id=point.organisation_id,
            supporter=entry,
            topic_id=topic_id,
            defaults={"wanted": False, "batch": None},
        )


def send_link(*, preference: Preference, easy: bool = False, keeps: bool = False) -> None:
    """Send the owner of the address a fresh link to their own page. Raises ContactPoint.DoesNotExist.

    `easy`: to its Easy Read version; `keeps`: it says where to say yes again before it runs out.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference)
        letters.post(
            organisation_id=point.organisation_id,
            kind=ServiceMail.Kind.FRESH_LINK,
            point=point,
            facts={"easy": int(easy), "keeps": int(keeps)},
        )


def confirm_by_email(*, preference: Preference, act: uuid.UUID, easy: bool = False) -> None:
    """Send the owner of the address word of a stop, with a link that takes it back; `easy`: in Easy Read.

    Raises ContactPoint.DoesNotExist, and ValidationError for an act that is none of this organisation's today.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = preferences.find(preference)
        day = timezone.now() - timedelta(days=1)
        if not ConsentEvent.objects.filter(act_id=act, recorded_at__gt=day).exists():
            raise ValidationError("This was too long ago.")
        letters.post(
            organisation_id=point.organisation_id,
            kind=ServiceMail.Kind.STOPPED,
            point=point,
            facts={"about": str(act), "easy": int(easy)},
        )


def _detail(how: str, preference: Preference) -> str:
    """Say in codes where the act came from: the page or one click, and which campaign's link."""
    return f"{how} {preference.campaign.hex[:8]}" if preference.campaign else how


def organisations() -> list[Organisation]:
    """Give every organisation, the partners first."""
    return list(Organisation.objects.order_by("-is_partner", "name"))
