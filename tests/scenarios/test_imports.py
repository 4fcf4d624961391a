"""Scenarios of docs/reference/scenarios.md about what a list may say of people who said something before it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm import wall
from crm.models import (
    Action,
    Case,
    ContactPoint,
    Organisation,
    Reach,
    Record,
    Relationship,
    Supporter,
)
from crm.reasons import Reason
from crm.services import permissions
from tests import factories
from tests.imports.conftest import HEAD, bring, point, preview, reasons
from tests.imports.test_undoing import mailed, undo
from tests.mailings.conftest import Relay, campaign, send_all
from tests.scenarios.test_mailing import joint_campaign, joint_yes, why

pytestmark = pytest.mark.django_db

YES = ["priya@example.org", "Priya", "Okafor", "yes", "2026-01-10"]


def erased(where: Organisation, email: str = "priya@example.org") -> ContactPoint:
    """Leave what an erasure leaves: a refusal of the inbox, and an empty row."""
    gone = factories.address(factories.supporter(where), email)
    now = datetime.now(UTC)
    factories.event(gone, Action.ERASED, reach=Reach.MAILBOX, at=now)
    Supporter.objects.filter(pk=gone.supporter_id).update(
        erased_at=now, first_name="", last_name=""
    )
    ContactPoint.objects.filter(pk=gone.pk).update(
        address="", folded=f"erased {gone.pk}", retired_at=now
    )
    return gone


def everybody(where: Organisation) -> int:
    return Supporter.objects.filter(organisation=where, erased_at__isnull=True).count()


def test_15_somebody_who_was_erased_is_imported_again(socr: Organisation) -> None:
    """Scenario 15: the row is dropped and counted under "no permission"; no profile appears."""
    erased(socr)
    waiting = preview(socr, [HEAD, YES], statement=factories.statement(socr))
    assert waiting.counts["not_said"] == 1
    assert waiting.counts["new"] == waiting.counts["yes"] == 0
    bring(socr, [HEAD, YES])
    assert everybody(socr) == 0
    assert not ContactPoint.objects.filter(folded="priya@example.org").exists()


def test_15_whoever_came_back_by_a_sign_up_of_their_own_is_imported_like_anybody(
    socr: Organisation,
) -> None:
    """Scenario 15, turned round: a later confirmed act of the person's own ends it."""
    erased(socr)
    back = factories.address(factories.supporter(socr), "priya@example.org")
    yes = factories.granted(back, at=datetime.now(UTC))
    factories.event(back, Action.CONFIRM, at=datetime.now(UTC), confirms=yes)
    bring(socr, [HEAD, YES])
    assert back.supporter.records.count() == 1


def test_16_somebody_erased_by_one_organisation_is_imported_by_the_other(
    socr: Organisation, neu: Organisation
) -> None:
    """Scenario 16: NEU gets a profile; SOCR's suppression stands."""
    erased(socr)
    bring(neu, [HEAD, YES])
    assert everybody(neu) == 1
    assert reasons(point(neu, "priya@example.org")) == Reason(0)
    bring(socr, [HEAD, YES])
    assert everybody(socr) == 0


def test_17_somebody_who_stopped_all_is_imported_by_either(
    socr: Organisation, neu: Organisation
) -> None:
    """Scenario 17: blocked: `STOP_EVERYTHING`."""
    known = factories.address(factories.supporter(socr), "priya@example.org")
    with wall.scope("keeper", organisation_id=socr.pk):
        act = permissions.stop_everything(point=known, detail="preference page")
    permissions.refold_act(act_id=act)
    for where in (socr, neu):
        bring(where, [HEAD, YES])
        assert reasons(point(where, "priya@example.org")) == Reason.STOP_EVERYTHING


def test_87_another_spelling_of_an_inbox_that_unsubscribed_is_imported(socr: Organisation) -> None:
    """Scenario 87: suppressed for that organisation, as a stop reaches wide; open to review."""
    known = factories.address(factories.supporter(socr, "J", "Smith"), "j.smith+neu@gmail.com")
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_address(point=known, detail="one-click")
    row = ["jsmith@gmail.com", "J", "Smith", "yes", "2026-01-10"]
    waiting = preview(socr, [HEAD, row], statement=factories.statement(socr))
    assert waiting.counts["permission"] == {"kept_off": 1}  # the admin sees that it was kept off
    bring(socr, [HEAD, row])
    assert reasons(point(socr, "jsmith@gmail.com")) == Reason.ORG_UNSUBSCRIBED


def test_89_an_older_sheet_brings_a_withdrawn_address_under_a_misspelt_name(
    socr: Organisation,
) -> None:
    """Scenario 89: the second profile may not be mailed: that organisation has a withdrawal for the address."""
    known = factories.address(factories.supporter(socr), "priya@example.org")
    factories.event(known, Action.WITHDRAW, at=datetime(2026, 10, 1, tzinfo=UTC))
    permissions.refold(supporter_ids=[known.supporter_id])
    bring(socr, [HEAD, ["priya@example.org", "Pryia", "Okafer", "yes", "2026-06-01"]])
    second = ContactPoint.objects.exclude(pk=known.pk).get(folded="priya@example.org")
    assert second.supporter.canonical_id != known.supporter_id
    assert reasons(second) == Reason.NO_CONSENT_RECORDED  # the sheet's yes does not count


def test_29_a_spreadsheet_brings_a_different_address_for_somebody(socr: Organisation) -> None:
    """Scenario 29: the new address is UNKNOWN; the old one is as it was."""
    old = factories.address(factories.supporter(socr, "Priya", "Okafor"), YES[0])
    factories.granted(old)
    permissions.refold(supporter_ids=[old.supporter_id])
    bring(socr, [HEAD[:3], ["priya.new@example.org", "Priya", "Okafor"]])
    assert reasons(point(socr, "priya.new@example.org")) & Reason.NO_CONSENT_RECORDED
    assert reasons(old) == Reason(0)


def test_33_an_import_is_undone_after_its_people_were_sent_a_campaign(socr: Organisation) -> None:
    """Scenario 33: attributes and events are reversed; unsubscribes made since are kept; an incident is drafted;
    those who were mailed are listed.
    """
    file = bring(socr, [HEAD, YES, ["sam@example.org", "Sam", "Hill", "yes", "2026-01-11"]])
    priya, sam = point(socr, YES[0]), point(socr, "sam@example.org")
    for each in (priya, sam):
        mailed(each)
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_address(point=priya, detail="own page")
    undone = undo(file)
    assert not Record.objects.filter(organisation=socr).exists()
    assert reasons(priya) & Reason.ORG_UNSUBSCRIBED
    assert reasons(sam) & Reason.NO_CONSENT_RECORDED
    assert undone.undo["mailed"] == 2
    assert Case.objects.filter(organisation=socr, kind=Case.Kind.INCIDENT).count() == 1


def test_7_a_senco_who_signed_up_with_an_inbox_that_others_read_is_imported(
    socr: Organisation, relay: Relay
) -> None:
    """Scenario 7: the address is flagged `shared_inbox`; content tailored to the role is not used."""
    inbox = "senco@school.sch.uk"
    bring(socr, [[*HEAD, "Role"], [inbox, *YES[1:], "SENCO"]])
    assert point(socr, inbox).kind == ContactPoint.Kind.SHARED
    send_all(campaign(socr))
    (message,) = relay.messages
    assert "Priya" not in str(message)
    assert "Dear friend," in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("their_own", [True, False], ids=["said to us", "from a list"])
def test_44_civicrm_says_that_details_are_not_to_be_shared(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay, their_own: bool
) -> None:
    """Scenario 44: blocked."""
    wording = factories.statement(coalition, names_also=(socr, neu), names_owner=False)
    if their_own:
        found = joint_yes(coalition, socr, neu, email=YES[0])
        permissions.refold(supporter_ids=[found.supporter_id])
    else:
        bring(coalition, [HEAD, YES], statement=wording)
    joint = point(coalition, YES[0])
    assert reasons(joint) & ~Reason.AGE_UNKNOWN_MINOR_RISK == Reason(0)
    head = ["Contact ID", "First Name", "Last Name", "Do Not Email", "Do Not Trade", "Email"]
    file = bring(coalition, [head, ["1", "", "", "0", "1", YES[0]]], statement=wording)
    assert file.preset == "civicrm"
    assert why(send_all(joint_campaign(coalition)), joint) & Reason.CONSENT_DENIED
    assert relay.inboxes == []


def test_44_it_says_nothing_about_an_organisations_own_email(
    socr: Organisation, coalition: Organisation
) -> None:  # scenario 44, turned round
    bring(socr, [HEAD, YES])
    head = ["Contact ID", "First Name", "Last Name", "Do Not Email", "Do Not Trade", "Email"]
    bring(socr, [head, ["1", *YES[1:3], "0", "1", YES[0]]])
    assert reasons(point(socr, YES[0])) == Reason(0)


def test_45_a_salesforce_list_says_that_somebody_did_not_opt_out(socr: Organisation) -> None:
    """Scenario 45: UNKNOWN rather than GRANTED."""
    head = ["First Name", "Last Name", "Title", "Email", "Email Opt Out", "Do Not Call"]
    bring(socr, [head, ["Priya", "Okafor", "", YES[0], "0", "0"]])
    assert reasons(point(socr, YES[0])) & Reason.NO_CONSENT_RECORDED


def test_52_somebody_who_attended_an_event_is_imported(socr: Organisation) -> None:
    """Scenario 52: a profile may be made; permission is UNKNOWN."""
    head = [
        "Order #",
        "Order Date",
        "First Name",
        "Surname",
        "Email",
        "Ticket Type",
        "Attendee Status",
    ]
    row = ["1", "2026-02-01", "Priya", "Okafor", YES[0], "Free", "Checked In"]
    bring(socr, [head, row])
    assert everybody(socr) == 1
    assert reasons(point(socr, YES[0])) & Reason.NO_CONSENT_RECORDED


MEMBERS = [
    "Membership Number",
    "Forenames",
    "Surname",
    "Home Email",
    "Membership Status",
    "Date Left",
    "Email opt in",
    "Opt in date",
]


def member(status: str = "Active", left: str = "") -> list[str]:
    return ["M1", "Priya", "Okafor", YES[0], status, left, *YES[3:]]


def test_84_a_neu_row_with_date_left_is_imported(neu: Organisation, relay: Relay) -> None:
    """Scenario 84: the relationship is "former"; consents to NEU stand; members-only mail ends."""
    bring(neu, [MEMBERS, member()])
    priya = point(neu, YES[0])
    assert why(send_all(campaign(neu, members_only=True)), priya) == Reason(0)
    bring(neu, [MEMBERS, member(left="2026-03-31")])
    priya.supporter.refresh_from_db()
    assert priya.supporter.relationship == Relationship.FORMER
    assert why(send_all(campaign(neu)), priya) == Reason(0)
    assert why(send_all(campaign(neu, members_only=True)), priya) == Reason.FORMER_MEMBER


def test_84_who_joins_again_gets_members_mail_again(neu: Organisation, relay: Relay) -> None:
    """Scenario 84, turned round: the newest list speaks of who is a member."""
    bring(neu, [MEMBERS, member(left="2026-03-31")])
    bring(neu, [MEMBERS, member()])
    assert why(send_all(campaign(neu, members_only=True)), point(neu, YES[0])) == Reason(0)


def test_84_an_undone_import_takes_its_word_of_membership_with_it(neu: Organisation) -> None:
    """Scenario 84, undone: what the list before it said stands again."""
    bring(neu, [MEMBERS, member()])
    undo(bring(neu, [MEMBERS, member(left="2026-03-31")]))
    assert point(neu, YES[0]).supporter.relationship == Relationship.MEMBER
