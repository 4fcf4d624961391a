"""Every reason why somebody is left out, as one bit each (docs/explanation/consent.md, "The gate").

A decision is the sum of its reasons; nothing is left out of the sum, and 0 means: may be mailed.
"""

from __future__ import annotations

from enum import IntFlag, auto


class Reason(IntFlag):
    """Why not. Mailings add theirs, from DUPLICATE_INBOX to SENDER_NOT_AUTHORISED, beside the gate's.

    A bit keeps its meaning for ever, since past audiences hold it: a new reason goes to the end.
    """

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
    FORMER_MEMBER = auto()


# Reasons that take no permission away: they hold mail back for a time, or for the sake of one campaign.
ASIDE = (
    Reason.PAUSED
    | Reason.FREQUENCY_CAP
    | Reason.TOPIC_OFF
    | Reason.HARD_BOUNCE
    | Reason.MINOR_NOT_SUITABLE
    | Reason.AGE_UNKNOWN_MINOR_RISK
    | Reason.MERGE_REVIEW
    | Reason.SHARED_INBOX_NOT_ALLOWED
    | Reason.FORMER_MEMBER
)

# What staff read: what it means, then what to do. docs/reference/words.md holds the same table; a test compares them.
SENTENCES: dict[Reason, str] = {
    Reason.STOP_EVERYTHING: (
        "Asked for all email to stop. Nothing to do: only they can start it again, by signing "
        "up and confirming."
    ),
    Reason.ERASED_SUPPRESSED: (
        "Removed at the person’s request. Nothing to do: only they can come back, by signing "
        "up and confirming."
    ),
    Reason.ORG_OBJECTION: "Objected to our email. Do not ask them back.",
    Reason.ORG_UNSUBSCRIBED: (
        "Said stop to all our email. Do not ask them back; they can sign up again on your form."
    ),
    Reason.CHANNEL_OFF: "Does not want email. Use another way they agreed to, if there is one.",
    Reason.PURPOSE_OFF: (
        "Does not want this type of email. Choose another type if your email really is one, "
        "or leave them out."
    ),
    Reason.TOPIC_OFF: (
        "Told us to leave this topic out. They can choose it again on their preference page."
    ),
    Reason.NO_CONSENT_RECORDED: (
        "No permission to email. Ask them to sign up on your form, but do not ask by email."
    ),
    Reason.CONSENT_DENIED: "Was asked and said no. Do not ask again by email.",
    Reason.CONSENT_WITHDRAWN: (
        "Said stop. An import cannot change this; they can sign up again on your form."
    ),
    Reason.CONSENT_PENDING: (
        "Said yes but has not confirmed yet. Wait for them to use the link they were sent."
    ),
    Reason.CONSENT_EXPIRED: (
        "Permission ran out, because they have not been in touch for too long. They can sign "
        "up again on your form."
    ),
    Reason.EVIDENCE_MISSING: (
        "We cannot show when they said yes, or to what. Find the form or list it came from, "
        "or ask them to sign up again, but not by email."
    ),
    Reason.STATEMENT_OMITS_ORG: (
        "The sign-up wording they saw does not name us. Ask them to sign up on a form that "
        "does, but not by email."
    ),
    Reason.JOINT_NEEDS_BOTH: "Not on the joint list. They can join it on the joint sign-up form.",
    Reason.PAUSED: "Asked for a break. Email starts again on the date shown.",
    Reason.FREQUENCY_CAP: (
        "Asked for important emails only, or had as many emails from us in seven days as our settings allow. Leave "
        "them out this time; an email that is marked important goes to them."
    ),
    Reason.HARD_BOUNCE: (
        "Problem with this address: email comes back. Ask them for another address, or "
        "correct the spelling."
    ),
    Reason.COMPLAINED: "Problem with this address: they marked our email as spam. Do not email.",
    Reason.ADDRESS_INVALID: (
        "Problem with this address: it is not one that can exist. Correct it from what they "
        "gave you."
    ),
    Reason.UNDER_13: "Under 13, so we may not keep their details. Tell your data-protection lead.",
    Reason.MINOR_NOT_SUITABLE: (
        "Aged 13 to 17, and this campaign is not marked suitable for them. Mark it only if it "
        "is; joint email never goes to them."
    ),
    Reason.AGE_UNKNOWN_MINOR_RISK: (
        "May be under 18, because their age is not known. They can give an age band on their "
        "preference page."
    ),
    Reason.RESTRICTED: (
        "Asked us not to use their details for now. Your data-protection lead has the request."
    ),
    Reason.DECEASED: "Has died. Do not email. How to reach the family is on the person’s page.",
    Reason.MERGE_REVIEW: (
        "May be the same person as someone who said stop. Look at the two and decide."
    ),
    Reason.IMPORT_QUARANTINED: (
        "Came with an import that still has questions. Answer them, or undo the import."
    ),
    Reason.SHARED_INBOX_NOT_ALLOWED: (
        "A shared inbox, and others would read this email. Ask the person for an address of "
        "their own."
    ),
    Reason.FORMER_MEMBER: (
        "No longer a member, and this campaign speaks to members only. Leave them out; other email may go to them."
    ),
    Reason.DUPLICATE_INBOX: (
        "This inbox is covered already: one copy goes to each inbox. Nothing to do."
    ),
    Reason.ALREADY_SENT: "This campaign has gone to this inbox. Nothing to do.",
    Reason.CAMPAIGN_NOT_APPROVED: (
        "The campaign has not been approved. Ask a colleague, not its author, to check it."
    ),
    Reason.IMPRINT_MISSING: (
        "The email does not say who sent it and from where. Add the name and postal address "
        "of each organisation in settings."
    ),
    Reason.NO_UNSUBSCRIBE: "The email has no way to stop. Put the preference link back.",
    Reason.OUTSIDE_WINDOW: (
        "Outside the hours for sending. It goes when they begin; or change the time."
    ),
    Reason.SENDER_NOT_AUTHORISED: (
        "Sending is not switched on for this organisation yet. An admin finishes the "
        "checklist under Settings."
    ),
}


def sentences(reasons: int) -> list[str]:
    """Give what staff read for each reason in a decision, the gravest first."""
    return [SENTENCES[reason] for reason in Reason(reasons)]
