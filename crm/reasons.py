"""Every reason why somebody is left out, as one bit each (docs/explanation/consent.md, "The gate").

A decision is the sum of its reasons; nothing is left out of the sum, and 0 means: may be mailed.
"""

from __future__ import annotations

from enum import IntFlag, auto


class Reason(IntFlag):
    """Why not. Those up to SHARED_INBOX_NOT_ALLOWED are the gate's; mailings add the rest beside it."""

    STOP_EVERYTHING = auto()
    ERASED_SUPPRESSED = auto()
    ORG_OBJECTION = auto()
    ORG_UNSUBSCRIBED = auto()
    CHANNEL_OFF = auto()
    PURPOSE_OFF = auto()
    TOPIC_OFF = auto()
    NO_CONSENT_RECORDED = auto()
    CONSENT_DENIED = auto()
    CONSENT_WITHDRAWN = auto()
    CONSENT_PENDING = auto()
    CONSENT_EXPIRED = auto()
    EVIDENCE_MISSING = auto()
    STATEMENT_OMITS_ORG = auto()
    JOINT_NEEDS_BOTH = auto()
    PAUSED = auto()
    FREQUENCY_CAP = auto()
    HARD_BOUNCE = auto()
    COMPLAINED = auto()
    ADDRESS_INVALID = auto()
    UNDER_13 = auto()
    MINOR_NOT_SUITABLE = auto()
    AGE_UNKNOWN_MINOR_RISK = auto()
    RESTRICTED = auto()
    DECEASED = auto()
    MERGE_REVIEW = auto()
    IMPORT_QUARANTINED = auto()
    SHARED_INBOX_NOT_ALLOWED = auto()
    DUPLICATE_INBOX = auto()
    ALREADY_SENT = auto()
    CAMPAIGN_NOT_APPROVED = auto()
    IMPRINT_MISSING = auto()
    NO_UNSUBSCRIBE = auto()
    OUTSIDE_WINDOW = auto()
    SENDER_NOT_AUTHORISED = auto()


# Reasons that take no permission away: they hold mail back for a time, or for the sake of one campaign.
ASIDE = (
    Reason.PAUSED
    | Reason.FREQUENCY_CAP
    | Reason.TOPIC_OFF
    | Reason.HARD_BOUNCE
    | Reason.MINOR_NOT_SUITABLE
    | Reason.AGE_UNKNOWN_MINOR_RISK
    | Reason.SHARED_INBOX_NOT_ALLOWED
)

# What staff read: what it means, and what to do next. docs/reference/words.md holds the same table.
SENTENCES: dict[Reason, str] = {
    Reason.STOP_EVERYTHING: "Asked every organisation to stop. Only they can undo this.",
    Reason.ERASED_SUPPRESSED: "Removed at the person’s request. Only they can come back.",
    Reason.ORG_OBJECTION: "Objected to campaign emails. Do not ask them again.",
    Reason.ORG_UNSUBSCRIBED: "Asked us to stop all emails. Only they can undo this.",
    Reason.CHANNEL_OFF: "Does not want email.",
    Reason.PURPOSE_OFF: "Does not want this type of email.",
    Reason.TOPIC_OFF: "Did not choose this topic.",
    Reason.NO_CONSENT_RECORDED: (
        "No permission to email. Ask them to sign up on your form, but do not ask by email."
    ),
    Reason.CONSENT_DENIED: "Was asked and said no.",
    Reason.CONSENT_WITHDRAWN: "Took their yes back.",
    Reason.CONSENT_PENDING: "Has not confirmed yet by the link in our email.",
    Reason.CONSENT_EXPIRED: "Said yes more than 24 months ago and has not been in touch since.",
    Reason.EVIDENCE_MISSING: "Said yes, but we do not know to which words or when. Add the sign-up wording.",
    Reason.STATEMENT_OMITS_ORG: "Said yes to words that do not name us.",
    Reason.JOINT_NEEDS_BOTH: "No permission for joint emails.",
    Reason.PAUSED: "Asked for a pause. Emails start again by themselves.",
    Reason.FREQUENCY_CAP: "Asked for important emails only, or has had as many lately as we allow.",
    Reason.HARD_BOUNCE: "Mail to this address comes back. Ask for a new address.",
    Reason.COMPLAINED: "Marked our email as spam. Do not email them.",
    Reason.ADDRESS_INVALID: "No email address.",
    Reason.UNDER_13: "Under 13.",
    Reason.MINOR_NOT_SUITABLE: "Under 18, and the campaign is not marked as suitable.",
    Reason.AGE_UNKNOWN_MINOR_RISK: "May be under 18, and the campaign is not marked as suitable.",
    Reason.RESTRICTED: "Asked us to hold their data without using it.",
    Reason.DECEASED: "Recorded as having died.",
    Reason.MERGE_REVIEW: "Waits for somebody to say whether two entries are one person.",
    Reason.IMPORT_QUARANTINED: "Came with an import that waits for a second admin.",
    Reason.SHARED_INBOX_NOT_ALLOWED: "Several people read this inbox, and the campaign is for one reader.",
    Reason.DUPLICATE_INBOX: "Somebody else at this inbox gets the email.",
    Reason.ALREADY_SENT: "Got this campaign already.",
    Reason.CAMPAIGN_NOT_APPROVED: "The campaign is not approved.",
    Reason.IMPRINT_MISSING: "The imprint is missing. Add it under Settings.",
    Reason.NO_UNSUBSCRIBE: "The unsubscribe link is missing.",
    Reason.OUTSIDE_WINDOW: "Outside the hours of sending.",
    Reason.SENDER_NOT_AUTHORISED: "The sender may not mail for this organisation.",
}


def sentences(reasons: int) -> list[str]:
    """Give what staff read for each reason in a decision, the gravest first."""
    return [SENTENCES[reason] for reason in Reason(reasons)]
