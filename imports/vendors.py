"""The exports that admins bring, by vendor: the headings that give each away, and what each column means.

Headings are folded as by imports.headings. Where a vendor lets an account choose its headings, what is not known stays
unused, and nobody is mailed because of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crm.models import Action

Fields = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Preset:
    """A vendor's export: the headings that give it away, and the headings of each field, the best first.

    `by_name`: what the name of the file says of everyone in it, where the status is the file. `is_of_members`:
    only a union has such a list. `is_american`: dates put the month first. `has_footer`: lines below the table that
    name nobody. `guards_cells`: an apostrophe before a cell is there for Excel's benefit. `not_kept`: columns that
    nobody asked these people for. `last_email`: a heading whose address counts only where no other column has one.
    """

    code: str
    label: str
    fingerprint: frozenset[str]
    fields: Fields
    by_name: dict[str, Action | None] = field(default_factory=dict)
    is_of_members: bool = False
    is_american: bool = False
    has_footer: bool = False
    guards_cells: bool = False
    not_kept: frozenset[str] = frozenset()
    last_email: str = ""


COMMON: Fields = {
    "email": (
        "email",
        "email address",
        "e mail",
        "your email address",
        "what is your email address",
        "preferred email",
        "home email",
        "work email",
    ),
    "first_name": ("first name", "forename", "forenames", "given name"),
    "last_name": ("last name", "surname", "family name"),
    "full_name": (),
    "phone": ("mobile", "phone", "phone number", "mobile phone", "telephone"),
    "postcode": ("postcode", "post code", "zip code", "postal code"),
    "role": ("role", "roles", "job role", "job title", "i am a"),
    "topic": ("topics", "topic", "interests"),
    "tags": ("tags", "tag list"),
    "external_id": ("membership number", "membership no", "member no", "external id"),
    "membership": ("membership status", "membership type", "member status", "member type"),
    "left_on": ("date left", "leaving date", "date of leaving", "left on"),
    "says_yes": ("email opt in", "opt in", "consent", "email consent", "subscribed"),
    "says_no": ("do not email", "email opt out", "unsubscribed", "no bulk emails user opt out"),
    "no_sharing": (),
    "stopped": (),
    "bounced": (),
    "said_on": ("opt in date", "consent date", "date of consent", "signed up", "created at"),
    "refused_on": ("opt out date", "unsubscribed on", "date unsubscribed"),
    "born": ("date of birth", "dob", "d o b", "birth date", "birthdate", "birthday"),
}
_NO_PERMISSION: Fields = {"says_yes": (), "says_no": (), "said_on": (), "refused_on": ()}
_TRACES = frozenset({"optin ip", "confirm ip", "latitude", "longitude", "notes", "ip"})
_BELIEFS = frozenset({"sex", "party", "religion", "church", "ethnicity", "marital status"})

_MAILING_TOOLS = (
    Preset(
        code="mailchimp",
        label="Mailchimp audience export",
        fingerprint=frozenset({"email address", "leid", "euid"}),
        fields={
            **COMMON,
            "email": ("email address",),
            "said_on": ("confirm time", "optin time"),
            "refused_on": ("unsub time", "clean time"),
        },
        by_name={
            "unsubscribed": Action.WITHDRAW,
            "nonsubscribed": None,
            "cleaned": None,
            "subscribed": Action.GRANT,
        },
        not_kept=_TRACES,
    ),
    Preset(
        code="brevo",
        label="Brevo contacts",
        fingerprint=frozenset({"email", "email blacklisted", "sms blacklisted"}),
        fields={
            **COMMON,
            **_NO_PERMISSION,
            "first_name": ("firstname", "first name", "prenom"),
            "last_name": ("lastname", "last name", "nom"),
            "phone": ("sms",),
            "says_no": ("email blacklisted",),
        },
    ),
    Preset(
        code="activecampaign",
        label="ActiveCampaign contacts",
        fingerprint=frozenset({"email", "date created", "ip", "status"}),
        fields={**COMMON, **_NO_PERMISSION, "says_yes": ("status",)},
        not_kept=_TRACES,
    ),
    Preset(
        code="listmonk",
        label="listmonk subscribers",
        fingerprint=frozenset({"uuid", "email", "name", "attributes", "status"}),
        # Neither lists nor who left one are in it: `enabled` says nothing of permission.
        fields={**COMMON, **_NO_PERMISSION, "full_name": ("name",), "says_no": ("status",)},
    ),
    Preset(
        code="keila",
        label="Keila contacts",
        fingerprint=frozenset({"email", "data", "status", "external id"}),
        fields={**COMMON, **_NO_PERMISSION, "says_yes": ("status",)},
    ),
)
_CAMPAIGN_TOOLS = (
    Preset(
        code="action_network",
        label="Action Network report",
        fingerprint=frozenset({"email", "can2 subscription status"}),
        fields={
            **COMMON,
            **_NO_PERMISSION,
            "phone": ("can2 phone", "phone number"),
            "postcode": ("zip code",),
            "tags": ("can2 user tags",),
            "says_yes": ("can2 subscription status",),
            "said_on": ("can2 subscription date",),
        },
    ),
    Preset(
        code="nationbuilder",
        label="NationBuilder people export",
        fingerprint=frozenset({"nationbuilder id", "email opt in"}),
        fields={
            **COMMON,
            **_NO_PERMISSION,
            "email": ("email", "email1", "email2", "email3", "email4"),
            "phone": ("mobile number", "phone number"),
            "postcode": ("primary zip", "address zip", "zip royal mail"),
            "external_id": ("external id",),
            "says_yes": ("email opt in",),
            "says_no": ("do not contact", "is deceased"),
            "stopped": ("unsubscribed at",),
            "bounced": ("email1 is bad",),
            "born": ("born at",),
        },
        is_american=True,
        guards_cells=True,
        not_kept=_BELIEFS,
    ),
    Preset(
        code="civicrm",
        label="CiviCRM contacts",
        fingerprint=frozenset({"contact id", "do not email"}),
        fields={
            **COMMON,
            **_NO_PERMISSION,
            "postcode": ("postal code",),
            "external_id": ("external identifier",),
            "says_no": (
                "do not email",
                "no bulk emails user opt out",
                "is opt out",
                "deceased",
                "is deceased",
                "contact is in trash",
            ),
            "no_sharing": ("do not trade",),
            "bounced": ("on hold",),
        },
        not_kept=frozenset({"gender"}),
    ),
    Preset(
        code="engaging_networks",
        label="Engaging Networks export",
        fingerprint=frozenset({"supporter id", "campaign id", "campaign type"}),
        # What an opt-in question is called, and which data column has the answer, each account chooses.
        fields={**COMMON, **_NO_PERMISSION, "email": ("email address", "supporter email")},
    ),
    Preset(
        code="salesforce",
        label="Salesforce contacts",
        fingerprint=frozenset({"email", "hasoptedoutofemail"}),
        fields={
            **COMMON,
            **_NO_PERMISSION,
            "first_name": ("firstname", "first name"),
            "last_name": ("lastname", "last name"),
            "role": ("title",),
            "says_no": ("hasoptedoutofemail",),
        },
        has_footer=True,
    ),
    Preset(
        code="salesforce_report",
        label="Salesforce report",
        fingerprint=frozenset({"email", "email opt out", "do not call"}),
        fields={**COMMON, **_NO_PERMISSION, "role": ("title",), "says_no": ("email opt out",)},
        has_footer=True,
    ),
)
_FORMS = (
    Preset(
        code="microsoft_forms",
        label="Microsoft Forms answers",
        fingerprint=frozenset({"start time", "completion time", "email"}),
        fields={
            **COMMON,
            "email": (
                *COMMON["email"][1:],
                "email",
            ),  # `Email` is who was signed in, if anybody was
            "full_name": ("name",),
            "said_on": ("completion time",),
        },
        last_email="email",
    ),
    Preset(
        code="google_forms",
        label="Google Forms answers",
        fingerprint=frozenset({"timestamp", "email address"}),
        fields={**COMMON, "full_name": ("name", "your name"), "said_on": ("timestamp",)},
    ),
    Preset(
        code="eventbrite",
        label="Eventbrite attendees",
        fingerprint=frozenset({"order date", "ticket type", "attendee status"}),
        # To attend is not to consent.
        fields={**COMMON, **_NO_PERMISSION},
    ),
)
_OURS = (
    Preset(
        code="union",
        label="Union membership list",
        fingerprint=frozenset({"membership number", "surname"}),
        fields={**COMMON, "first_name": ("forenames", "forename", "first name", "known as")},
        is_of_members=True,
    ),
    Preset(
        code="template",
        label="Spreadsheet with our own headings",
        fingerprint=frozenset(),
        fields={
            **COMMON,
            # A column that names another organisation is left out before this is asked.
            "says_yes": (*COMMON["says_yes"], "consent socr updates", "consent neu updates"),
        },
    ),
)
# The first whose telling headings are all there; the last fits every file.
PRESETS = (*_MAILING_TOOLS, *_CAMPAIGN_TOOLS, *_FORMS, *_OURS)
