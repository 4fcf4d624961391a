"""Each vendor's export is known by its real headings, and its traps are no traps."""

from __future__ import annotations

import random
from typing import Any

import pytest

from crm.models import Action, ContactPoint, Organisation, Supporter
from crm.reasons import Reason
from imports.mapping import Chosen, Mapping
from imports.models import Import, StagedRow
from tests import factories
from tests.imports.conftest import as_csv, as_zip, bring, events, point, preview, reasons

pytestmark = pytest.mark.django_db

MAILCHIMP = (
    "Email Address,First Name,Last Name,School,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,"
    "LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
UNSUBSCRIBED = MAILCHIMP.replace(
    "LEID", "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,LEID"
)
CLEANED = MAILCHIMP.replace("LEID", "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID")
ACTION_NETWORK = (
    "uuid,first_name,last_name,email,Phone Number,can2_user_address,can2_user_city,can2_user_state,zip_code,County,"
    "can2_user_tags,can2_subscription_status,can2_sms_status,can2_subscription_date"
)
NATIONBUILDER = (
    "nationbuilder_id,prefix,first_name,middle_name,last_name,suffix,email,email1,email2,email1_is_bad,email_opt_in,"
    "phone_number,mobile_number,mobile_opt_in,do_not_call,do_not_contact,employer,occupation,religion,ethnicity,note,"
    "tag_list,born_at,created_at,unsubscribed_at,is_deceased,primary_zip"
)
CIVICRM = (
    "Contact ID,Contact Type,Contact Subtype,Do Not Email,Do Not Phone,Do Not Mail,Do Not Sms,Do Not Trade,"
    "No Bulk Emails (User Opt Out),External Identifier,Display Name,First Name,Middle Name,Last Name,Job Title,Gender,"
    "Birth Date,Deceased,Contact is in Trash,Street Address,City,Postal Code,Phone,Email,On Hold,Group(s),Tag(s)"
)
ENGAGING = (
    "Account ID,Supporter ID,Supporter Email,Date Created,Date Modified,Campaign Number,Campaign Type,Campaign ID,"
    "Campaign Date,Campaign Time,Campaign Status,Campaign Data 1,External Reference 1,Email Address,Title,First Name,"
    "Middle Name,Last Name,Address 1,City,Region,Postcode,Country,Phone Number,"
)
SALESFORCE = "First Name,Last Name,Title,Account Name,Email,Phone,Email Opt Out,Do Not Call"
SALESFORCE_API = "FirstName,LastName,Email,HasOptedOutOfEmail,DoNotCall"
BREVO = "EMAIL;LASTNAME;FIRSTNAME;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME;MODIFIED_TIME"
ACTIVECAMPAIGN = "Email,First Name,Last Name,Phone,Tags,Date Created,IP,Status"
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"
KEILA = "Email,First name,Last name,Data,Status,External ID"
MICROSOFT = "ID,Start time,Completion time,Email,Name,What is your email address?,Your role"
GOOGLE = "Timestamp,Email Address,Your name,Which school do you work in?"
EVENTBRITE = (
    "Order #,Order Date,First Name,Surname,Email,Quantity,Price Tier,Ticket Type,Attendee #,Group,Order Type,Currency,"
    "Total Paid,Fees Paid,Eventbrite Fees,Eventbrite Payment Processing,Attendee Status,Home Address 1,Any needs?"
)
UNION = (
    "Membership Number,Title,Forename(s),Surname,Known As,Home Email,Work Email,Mobile,Workplace,Job Role,District,"
    "Branch,Region,Membership Status,Date Joined,Date Left,Do Not Email"
)
TEMPLATE = (
    "email,first_name,last_name,postcode,role,consent_socr_updates,consent_joint_campaign,consent_date,"
    "consent_statement_id,source,unsubscribed"
)


def table(header: str, *rows: dict[str, str], delimiter: str = ",") -> bytes:
    """A file with these headings; a row names the cells that are filled."""
    headings = header.split(delimiter)
    for row in rows:
        assert set(row) <= set(headings)
    return as_csv(
        [headings, *([row.get(name, "") for name in headings] for row in rows)], delimiter=delimiter
    )


CASES: list[tuple[str, str, str, str]] = [
    ("mailchimp", MAILCHIMP, "Email Address", ","),
    ("mailchimp", UNSUBSCRIBED, "Email Address", ","),
    ("mailchimp", CLEANED, "Email Address", ","),
    ("action_network", ACTION_NETWORK, "email", ","),
    ("nationbuilder", NATIONBUILDER, "email", ","),
    ("civicrm", CIVICRM, "Email", ","),
    ("engaging_networks", ENGAGING, "Email Address", ","),
    ("salesforce_report", SALESFORCE, "Email", ","),
    ("salesforce", SALESFORCE_API, "Email", ","),
    ("brevo", BREVO, "EMAIL", ";"),
    ("activecampaign", ACTIVECAMPAIGN, "Email", ","),
    ("listmonk", LISTMONK, "email", ","),
    ("keila", KEILA, "Email", ","),
    ("microsoft_forms", MICROSOFT, "What is your email address?", ","),
    ("google_forms", GOOGLE, "Email Address", ","),
    ("eventbrite", EVENTBRITE, "Email", ","),
    ("union", UNION, "Home Email", ","),
    ("template", TEMPLATE, "email", ","),
]


@pytest.mark.parametrize(("code", "header", "address", "delimiter"), CASES)
def test_a_vendor_is_known_by_its_headings_in_any_order_and_with_more_of_them(
    socr: Organisation, code: str, header: str, address: str, delimiter: str
) -> None:
    names = [*header.split(delimiter), "Shall we call you?"]
    for seed in range(3):
        random.Random(seed).shuffle(names)
        content = table(
            delimiter.join(names), {address: f"jo{seed}@example.org"}, delimiter=delimiter
        )
        file = preview(socr, content)
        assert (file.state, file.preset) == (Import.State.PREVIEWED, code), file.trouble
        assert file.counts["rows"] - file.counts["refused"] == 1
        assert StagedRow.objects.get(file=file).email == f"jo{seed}@example.org"


Expected = Action | str | None
MEANINGS: list[tuple[str, str, dict[str, str], Expected]] = [
    ("Action Network, subscribed", ACTION_NETWORK, {"can2_subscription_status": "subscribed"}, Action.GRANT),
    ("Action Network, unsubscribed", ACTION_NETWORK, {"can2_subscription_status": "unsubscribed"}, Action.WITHDRAW),
    ("Action Network, bouncing", ACTION_NETWORK, {"can2_subscription_status": "bouncing"}, "bounces"),
    ("Action Network, spam", ACTION_NETWORK, {"can2_subscription_status": "spam complaint"}, Action.COMPLAINT),
    ("NationBuilder, opted in", NATIONBUILDER, {"email_opt_in": "true"}, Action.GRANT),
    ("NationBuilder, not opted in", NATIONBUILDER, {"email_opt_in": "false"}, Action.DENY),
    ("NationBuilder, stay away", NATIONBUILDER, {"email_opt_in": "true", "do_not_contact": "true"}, Action.WITHDRAW),
    ("NationBuilder, left", NATIONBUILDER, {"email_opt_in": "true", "unsubscribed_at": "2025-04-01"}, Action.WITHDRAW),
    ("NationBuilder, bad address", NATIONBUILDER, {"email1_is_bad": "true"}, "bounces"),
    ("CiviCRM, do not email", CIVICRM, {"Do Not Email": "1"}, Action.WITHDRAW),
    ("CiviCRM, nothing said", CIVICRM, {"Do Not Email": "0", "No Bulk Emails (User Opt Out)": "0"}, None),
    ("CiviCRM, opted out", CIVICRM, {"No Bulk Emails (User Opt Out)": "Yes"}, Action.WITHDRAW),
    ("CiviCRM, on hold", CIVICRM, {"On Hold": "1"}, "bounces"),
    ("Salesforce, opted out", SALESFORCE, {"Email Opt Out": "1"}, Action.WITHDRAW),
    ("Salesforce, not opted out", SALESFORCE, {"Email Opt Out": "0"}, None),
    ("Salesforce by Data Loader", SALESFORCE_API, {"HasOptedOutOfEmail": "true"}, Action.WITHDRAW),
    ("ActiveCampaign, active", ACTIVECAMPAIGN, {"Status": "Active"}, Action.GRANT),
    ("ActiveCampaign, unconfirmed", ACTIVECAMPAIGN, {"Status": "Unconfirmed"}, None),
    ("ActiveCampaign, unsubscribed", ACTIVECAMPAIGN, {"Status": "Unsubscribed"}, Action.WITHDRAW),
    ("listmonk, enabled", LISTMONK, {"status": "enabled"}, None),
    ("listmonk, blocklisted", LISTMONK, {"status": "blocklisted"}, Action.WITHDRAW),
    ("Keila, unreachable", KEILA, {"Status": "unreachable"}, "bounces"),
    ("Keila, unsubscribed", KEILA, {"Status": "unsubscribed"}, Action.WITHDRAW),
    ("Eventbrite, attended", EVENTBRITE, {"Attendee Status": "Attending"}, None),
    ("union, do not email", UNION, {"Do Not Email": "Y"}, Action.WITHDRAW),
    ("our template", TEMPLATE, {"consent_socr_updates": "yes", "consent_date": "2026-02-01"}, Action.GRANT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "cells", "expected"), [case[1:] for case in MEANINGS], ids=[c[0] for c in MEANINGS]
)
def test_what_a_status_means_is_read_as_its_vendor_means_it(
    socr: Organisation, header: str, cells: dict[str, str], expected: Expected
) -> None:
    address = next(name for name in header.split(",") if name.lower() in ("email", "home email"))
    preview(socr, table(header, {address: "jo@example.org", **cells}))
    row = StagedRow.objects.get()
    assert ("bounces" if row.bounces else row.action) == expected


def test_the_status_of_a_mailchimp_export_is_its_file_whatever_the_order(
    socr: Organisation,
) -> None:
    """Scenario 42: WITHDRAWN regardless of order."""
    yes = table(MAILCHIMP, {"Email Address": "jo@example.org", "OPTIN_TIME": "2025-03-16 14:40:47"})
    no = table(
        UNSUBSCRIBED, {"Email Address": "jo@example.org", "UNSUB_TIME": "2025-02-01 10:00:00"}
    )
    names = ("subscribed_email_audience_export_1.csv", "unsubscribed_email_audience_export_1.csv")
    for order in (names, names[::-1]):
        content = {"subscribed": yes, "unsubscribed": no}
        bring(
            socr,
            as_zip({name: content[name.partition("_")[0]] for name in order}),
            name=f"{order[0]}.zip",
        )
        assert reasons(point(socr, "jo@example.org")) & Reason.CONSENT_WITHDRAWN


def test_an_anonymous_answer_of_microsoft_forms_takes_the_address_from_its_question(
    socr: Organisation,
) -> None:
    """Scenario 51: question email used or row error."""
    rows = [
        {
            "Email": "anonymous",
            "Name": "Anonymous",
            "What is your email address?": "jo@example.org",
        },
        {"Email": "anonymous", "Name": "Anonymous"},
    ]
    file = preview(socr, table(MICROSOFT, *rows))
    assert list(StagedRow.objects.order_by("line").values_list("email", "refused")) == [
        ("jo@example.org", False),
        ("anonymous", True),
    ]
    assert file.counts["refused"] == 1


def test_beliefs_and_traces_in_an_export_are_not_kept(socr: Organisation) -> None:
    cells = {
        "email": "jo@example.org",
        "religion": "none",
        "ethnicity": "x",
        "employer": "A school",
    }
    kept = Chosen({"email": "email", "religion": "kept", "ethnicity": "role", "employer": "kept"})
    preview(socr, table(NATIONBUILDER, cells), mapping=Mapping({"nationbuilder": kept}))
    assert StagedRow.objects.get().data == {"employer": "A school"}


def test_an_apostrophe_for_the_benefit_of_excel_is_taken_off(socr: Organisation) -> None:
    preview(socr, table(NATIONBUILDER, {"email": "'jo@example.org", "first_name": "'Jo"}))
    row = StagedRow.objects.get()
    assert (row.email, row.first_name) == ("jo@example.org", "Jo")


def test_lines_below_a_salesforce_report_are_nobody(socr: Organisation) -> None:
    content = table(SALESFORCE, {"Email": "jo@example.org", "Last Name": "Lee"})
    content += "\nContacts by town\nCopyright (c) 2026. Confidential.\n".encode("latin-1")
    assert preview(socr, content).counts["rows"] == 1


def test_headings_in_the_middle_of_a_file_are_no_person(socr: Organisation) -> None:
    content = table(KEILA, {"Email": "jo@example.org"}) + table(KEILA, {"Email": "al@example.org"})
    assert preview(socr, content).counts["rows"] == 2


def test_one_name_of_a_form_becomes_a_first_and_a_last_name(socr: Organisation) -> None:
    bring(socr, table(GOOGLE, {"Email Address": "jo@example.org", "Your name": "Jo van Dijk"}))
    found = Supporter.objects.get(organisation=socr)
    assert (found.first_name, found.last_name) == ("Jo", "van Dijk")


def test_to_attend_is_not_to_consent(socr: Organisation) -> None:
    rows = [
        {
            "Email": "jo@example.org",
            "First Name": first,
            "Surname": "Lee",
            "Attendee Status": "Checked In",
        }
        for first in ("Jo", "Max")
    ]
    bring(socr, table(EVENTBRITE, *rows))
    assert ContactPoint.objects.filter(organisation=socr, channel=1).count() == 2
    assert events(socr) == 0


def test_a_petition_names_nobody_and_is_refused_with_the_reason(socr: Organisation) -> None:
    json = b'{"data":{"type":"petition","attributes":{"action":"Fund SEND","signature_count":9}}}'
    refused = preview(socr, json, name="700001.json")
    assert refused.state == Import.State.REFUSED
    assert "counts signatures" in refused.trouble
    assert "names nobody" in refused.trouble


def test_an_american_date_of_birth_is_read_as_one(socr: Organisation) -> None:
    preview(
        socr,
        table(NATIONBUILDER, {"email": "jo@example.org", "born_at": "03/24/2015"}),
        statement=factories.statement(socr),
    )
    row: Any = StagedRow.objects.get()
    assert row.refused
    assert row.email == ""
