"""What each column with personal data is for, whose it is, whether it is special, and how long it is kept.

One line for each group of columns that are treated alike; a column that is not here fails a test. The page
docs/reference/records-of-processing.md (UK GDPR Art. 30) is made from it by `python -m config.records`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Purpose(Enum):
    """What the data is for, of whom it is, and the basis in UK GDPR Art. 6."""

    KNOW = "know who supports us and what concerns them", "supporters", "consent"
    EMAIL = "email the people who said yes, once each", "supporters", "consent"
    PROVE = "prove who said yes or no, and keep to it", "supporters", "legal obligation"
    JOIN = (
        "hold one entry for each person, and find it",
        "supporters",
        "legitimate interests",
    )
    RIGHTS = "answer requests and complaints, and report incidents", "anybody", "legal obligation"
    IMPORT = "bring lists in, and take them out again", "supporters", "legitimate interests"
    ANSWER = "do what somebody asks for by a form, and answer", "supporters, visitors", "consent"
    STAFF = "let staff in, and know who did what", "staff", "legitimate interests"

    def __init__(self, words: str, people: str, basis: str) -> None:
        self.words, self.people, self.basis = words, people, basis


class Owner(Enum):
    """Who the controller is."""

    ORGANISATION = "the organisation"
    TOGETHER = "the organisations together"


class Special(Enum):
    """Why it is special-category data, or may be (UK GDPR Art. 9)."""

    NO = "–"
    UNION = "union membership"
    ROLE = "health, disability, union membership"
    WORDS = "may be: whatever somebody wrote"


class Keep(Enum):
    """How long, and what becomes of it (docs/reference/law.md, "Retention schedule")."""

    SUPPORTER = "while a yes is live; anonymised 30 months after the person's last act"
    LEDGER = "6 years from the last reliance on it; then what ties it to a person goes"
    REFUSAL = "for good, as a keyed hash, with review"
    FILE = "30 days, to be able to undo; union membership files until they are applied"
    SENT = "24 months, then in sums only"
    REPORTED = "24 months with its message; 90 days if it is about no message of ours"
    ACCOUNT = "while the account is open, then 6 years as the author of what was done"
    SESSION = "12 hours"
    ASKED = "until it is done, at most 7 days until it is confirmed; the empty row 30 days"
    ANSWERED = "the address until it is sent; the row 30 days"
    AUDIT = "6 years; the values that it shows go when the person is erased"
    EXPORT = "24 hours, then the file goes; that it was made stays for 6 years"
    CASE = "6 years after it was closed"
    MINUTE = "a minute, until it stands in the journal of refusals as a keyed hash"
    TRIES = "15 minutes, as a keyed hash; gone with the next tries after that"


@dataclass(frozen=True, slots=True)
class Personal:
    """Columns with personal data, treated alike."""

    table: str
    columns: str
    purpose: Purpose
    keep: Keep
    special: Special = Special.NO
    owner: Owner = Owner.ORGANISATION


@dataclass(frozen=True, slots=True)
class Plain:
    """Columns that say nothing about anybody, even beside the others of their row, or only about an organisation."""

    table: str
    columns: str


Registry = tuple[Personal | Plain, ...]

# In any table: they number or name a row, or say whose it is, and tell nothing without the rest of the row.
STRUCTURE = {"id", "public_id", "organisation_id"}

_P, _K, _S, _TOGETHER = Purpose, Keep, Special, Owner.TOGETHER

REGISTRY: Registry = (
    Personal("crm_supporter", "first_name last_name", _P.KNOW, _K.SUPPORTER),
    Personal("crm_supporter", "postcode postcode_fold", _P.KNOW, _K.SUPPORTER),
    Personal("crm_supporter", "name_forms last_fold canonical_id", _P.JOIN, _K.SUPPORTER),
    Personal("crm_supporter", "external_id", _P.JOIN, _K.SUPPORTER, _S.UNION),
    Personal("crm_supporter", "relationship", _P.EMAIL, _K.SUPPORTER, _S.UNION),
    Personal("crm_supporter", "age_band", _P.EMAIL, _K.SUPPORTER),
    Personal("crm_supporter", "restricted deceased erased_at", _P.PROVE, _K.SUPPORTER),
    Personal("crm_supporter", "only_important_since", _P.EMAIL, _K.SUPPORTER),
    Personal("crm_supporter", "created_at", _P.KNOW, _K.SUPPORTER),
    Personal("crm_contactpoint", "supporter_id channel address kind", _P.EMAIL, _K.SUPPORTER),
    Personal(
        "crm_contactpoint",
        "problem created_at retired_at links_from batch_id",
        _P.EMAIL,
        _K.SUPPORTER,
    ),
    Personal("crm_contactpoint", "folded", _P.JOIN, _K.SUPPORTER),
    Personal("crm_addresskey", "contact_point_id address_key mailbox", _P.PROVE, _K.SUPPORTER),
    Plain("crm_addresskey", "key_id"),
    Plain("crm_hashchain", "key_id proof"),
    Personal("crm_searchterm", "supporter_id term", _P.JOIN, _K.SUPPORTER),
    Personal(
        "crm_link", "supporter_id person_id rule created_at", _P.JOIN, _K.SUPPORTER, owner=_TOGETHER
    ),
    Personal("crm_merge", "kept_id moved rule merged_at undone_at", _P.JOIN, _K.SUPPORTER),
    Personal("crm_match", "one_id other_id evidence guards", _P.JOIN, _K.SUPPORTER),
    Personal("crm_match", "tier probability match_weight found_at", _P.JOIN, _K.SUPPORTER),
    Personal("crm_match", "decision decided_at undone_at merge_id", _P.JOIN, _K.SUPPORTER),
    Personal("crm_match", "decided_by_id", _P.STAFF, _K.SUPPORTER),
    Plain("crm_match", "model_id"),
    Personal(
        "crm_sharedmatch",
        "one_id one_organisation_id other_id other_organisation_id",
        _P.JOIN,
        _K.SUPPORTER,
        owner=_TOGETHER,
    ),
    Personal("crm_sharedmatch", "evidence guards found_at", _P.JOIN, _K.SUPPORTER, owner=_TOGETHER),
    Personal(
        "crm_sharedmatch", "tier probability match_weight", _P.JOIN, _K.SUPPORTER, owner=_TOGETHER
    ),
    Personal(
        "crm_sharedmatch", "decision decided_at undone_at", _P.JOIN, _K.SUPPORTER, owner=_TOGETHER
    ),
    Personal("crm_sharedmatch", "decided_by_id", _P.STAFF, _K.SUPPORTER, owner=_TOGETHER),
    Plain("crm_sharedmatch", "model_id"),
    Personal(
        "crm_unmatched", "supporter_id ticket compares", _P.JOIN, _K.SUPPORTER, owner=_TOGETHER
    ),
    Personal("crm_prepared", "body", _P.JOIN, _K.SUPPORTER, _S.UNION, owner=_TOGETHER),
    Plain("crm_prepared", "layer forms made_at"),
    Plain("crm_matchingmodel", "name body learnt_at"),
    Personal(
        "crm_supporterrole", "supporter_id role_id as_of batch_id", _P.KNOW, _K.SUPPORTER, _S.ROLE
    ),
    Personal("crm_supporterrole", "statement_id agreed_at", _P.PROVE, _K.SUPPORTER, _S.ROLE),
    Personal("crm_supportertopic", "supporter_id topic_id wanted batch_id", _P.KNOW, _K.SUPPORTER),
    Personal("crm_supportertag", "supporter_id tag_id batch_id", _P.KNOW, _K.SUPPORTER, _S.WORDS),
    Plain("crm_role", "code label synonyms is_special"),
    Plain("crm_topic", "name"),
    Plain("crm_tag", "name"),
    Personal("crm_record", "supporter_id batch_id line source as_of", _P.KNOW, _K.SUPPORTER),
    Personal("crm_record", "first_name last_name postcode age_band", _P.KNOW, _K.SUPPORTER),
    Personal("crm_record", "email phone", _P.EMAIL, _K.SUPPORTER),
    Personal("crm_record", "external_id", _P.JOIN, _K.SUPPORTER, _S.UNION),
    Personal("crm_record", "relationship", _P.EMAIL, _K.SUPPORTER, _S.UNION),
    Personal("crm_record", "contact_point_id bounces", _P.EMAIL, _K.SUPPORTER),
    Personal("crm_record", "action occurred_at occurred_until", _P.PROVE, _K.SUPPORTER),
    Personal("crm_record", "roles", _P.KNOW, _K.SUPPORTER, _S.ROLE),
    Personal("crm_record", "topics", _P.KNOW, _K.SUPPORTER),
    Personal("crm_record", "tags", _P.KNOW, _K.SUPPORTER, _S.WORDS),
    Personal("crm_record", "data", _P.IMPORT, _K.SUPPORTER, _S.WORDS),
    Personal("crm_consentevent", "supporter_id contact_point_id address_key", _P.PROVE, _K.LEDGER),
    Personal("crm_consentevent", "mailbox", _P.PROVE, _K.REFUSAL),
    Personal(
        "crm_consentevent",
        "reach purpose_id channel action source source_detail",
        _P.PROVE,
        _K.LEDGER,
    ),
    Personal("crm_consentevent", "statement_id evidence batch_id act_id", _P.PROVE, _K.LEDGER),
    Personal("crm_consentevent", "occurred_at occurred_until recorded_at", _P.PROVE, _K.LEDGER),
    Personal("crm_consentevent", "paused_until confirms_id corrects_id", _P.PROVE, _K.LEDGER),
    Personal("crm_consentevent", "actor_id second_actor_id", _P.STAFF, _K.LEDGER),
    Personal("crm_evidencenote", "digest words created_at", _P.PROVE, _K.LEDGER, _S.WORDS),
    Personal(
        "crm_consentstate", "contact_point_id purpose_id statement_id", _P.PROVE, _K.SUPPORTER
    ),
    Personal("crm_consentstate", "granted_at grant_id names_organisation", _P.PROVE, _K.SUPPORTER),
    Personal(
        "crm_consentstate", "needs_confirmation confirmed_at expires_at", _P.PROVE, _K.SUPPORTER
    ),
    Personal("crm_consentstate", "refused_at refusal refusal_event_id", _P.PROVE, _K.SUPPORTER),
    Personal("crm_consentstate", "refusal_scope", _P.PROVE, _K.SUPPORTER),
    Personal("crm_consentstate", "paused_until", _P.PROVE, _K.SUPPORTER),
    Personal("crm_platformstop", "mailbox stopped_at", _P.PROVE, _K.REFUSAL, owner=_TOGETHER),
    Plain("crm_platformstop", "key_id"),
    Personal("crm_deliverability", "mailbox problem since batch_id", _P.EMAIL, _K.SUPPORTER),
    Personal("crm_batch", "created_by_id", _P.STAFF, _K.LEDGER),
    Plain("crm_batch", "label created_at applied_at undone_at without_wording"),
    Plain("crm_purpose", "code name description"),
    Personal(
        "crm_servicemail",
        "kind contact_point_id address mailbox facts created_at",
        _P.ANSWER,
        _K.ANSWERED,
    ),
    Personal(
        "crm_servicemail",
        "tries next_try_at sent_at failed_at detail",
        _P.ANSWER,
        _K.ANSWERED,
    ),
    Personal("crm_submission", "kind fields", _P.ANSWER, _K.ASKED, _S.ROLE, owner=_TOGETHER),
    Personal(
        "crm_submission",
        "received_at carried_out_at waits_until",
        _P.ANSWER,
        _K.ASKED,
        owner=_TOGETHER,
    ),
    Plain("crm_signupform", "slug title introduction asks_postcode asks_roles asks_topics"),
    Plain("crm_signupform", "is_open sites turned_away created_at"),
    Plain("crm_signupbox", "form_id wording_id easy_wording_id purpose_id role_id"),
    Plain("crm_seal", "through events digest hashes sealed_at"),
    Plain("crm_sealmark", "through horizon"),
    Plain("crm_statement", "code version format words requires_confirmation created_at made_in"),
    Plain("crm_statement", "has_picture shown"),
    Plain("crm_wordingpicture", "statement_id kind content"),
    Plain("crm_statement_organisations", "statement_id"),
    Plain("crm_statement_purposes", "statement_id purpose_id"),
    Plain("crm_segment", "name rules created_at updated_at"),
    Plain("crm_organisation", "code name is_partner legal_name postal_address"),
    Plain("crm_organisation", "sender_name sender_address reply_address telling_words most_a_week"),
    Plain("crm_branch", "name"),
    Personal("crm_supporter", "branch_id", _P.KNOW, _K.SUPPORTER, _S.UNION),
    Personal("crm_membership", "branch_id of_steward", _P.STAFF, _K.ACCOUNT),
    Personal("crm_user", "is_steward", _P.STAFF, _K.ACCOUNT, owner=_TOGETHER),
    Personal("crm_auditentry", "user_id at kind table row", _P.STAFF, _K.AUDIT),
    Personal("crm_auditentry", "supporter_id changes reason", _P.STAFF, _K.AUDIT, _S.WORDS),
    Personal("crm_stewardview", "user_id at page shown", _P.STAFF, _K.AUDIT, owner=_TOGETHER),
    Personal("crm_export", "requested_by_id requested_at reason", _P.STAFF, _K.AUDIT, _S.WORDS),
    Personal("crm_export", "file", _P.KNOW, _K.EXPORT, _S.UNION),
    Plain(
        "crm_export", "segment_id is_whole_list group what format state trouble people kept_until"
    ),
    Personal("crm_golive", "dpia_signed_by turned_on_by_id", _P.STAFF, _K.ACCOUNT),
    Plain("crm_golive", "dpia_reference dpia_signed_on sending_domain turned_on_at"),
    Personal("crm_user", "email name password", _P.STAFF, _K.ACCOUNT, owner=_TOGETHER),
    Personal("crm_user", "is_active created_at last_login", _P.STAFF, _K.ACCOUNT, owner=_TOGETHER),
    Personal("crm_membership", "user_id role in_partner created_at", _P.STAFF, _K.ACCOUNT),
    Personal("crm_signintries", "bucket tries since", _P.STAFF, _K.TRIES, owner=_TOGETHER),
    Plain("crm_person", ""),
    # Rights.
    Personal("crm_supporter", "family_contact", _P.RIGHTS, _K.SUPPORTER, _S.WORDS),
    Personal("crm_case", "reference kind came_by received_at", _P.RIGHTS, _K.CASE),
    Personal("crm_case", "supporter_id who address", _P.RIGHTS, _K.CASE),
    Personal("crm_case", "words", _P.RIGHTS, _K.CASE, _S.WORDS),
    Personal("crm_case", "due_at identity_asked_on identity_received_on", _P.RIGHTS, _K.CASE),
    Personal("crm_case", "clarification_asked_on clarification_received_on", _P.RIGHTS, _K.CASE),
    Personal("crm_case", "extended_on acknowledged_at outcome closed_at", _P.RIGHTS, _K.CASE),
    Personal("crm_case", "risk reported_at people_told_at", _P.RIGHTS, _K.CASE),
    Plain("crm_case", "created_at"),
    Personal("crm_casenote", "case_id at is_log", _P.RIGHTS, _K.CASE),
    Personal("crm_casenote", "words", _P.RIGHTS, _K.CASE, _S.WORDS),
    Personal("crm_casenote", "by_id", _P.STAFF, _K.CASE),
    Personal("crm_pack", "supporter_id case_id as_json as_html", _P.RIGHTS, _K.EXPORT, _S.WORDS),
    Personal("crm_pack", "state asked_at kept_until", _P.RIGHTS, _K.CASE),
    Personal("crm_pack", "asked_by_id", _P.STAFF, _K.CASE),
    Personal("crm_erasure", "supporter_id case_id asked_at done_at", _P.PROVE, _K.LEDGER),
    Personal("crm_erasure", "asked_by_id", _P.STAFF, _K.LEDGER),
    Personal("crm_waitingrefusal", "organisation_code mailbox purpose_code", _P.PROVE, _K.MINUTE),
    Personal("crm_waitingrefusal", "action flag entry at", _P.PROVE, _K.MINUTE),
    Personal("crm_retentionreport", "approved_by_id approved_at", _P.STAFF, _K.LEDGER),
    Plain("crm_retentionreport", "made_at counts gone done_at"),
    Plain("crm_journalmark", "line behind_since"),
    Plain("crm_bankholiday", "day name"),
    # Django's own tables.
    Personal(
        "django_session",
        "session_key session_data expire_date",
        _P.STAFF,
        _K.SESSION,
        owner=_TOGETHER,
    ),
    Personal("django_admin_log", "user_id action_time action_flag", _P.STAFF, _K.ACCOUNT),
    Personal("django_admin_log", "object_id object_repr change_message", _P.STAFF, _K.ACCOUNT),
    Plain("django_admin_log", "content_type_id"),
    Plain("django_content_type", "app_label model"),
    Plain("django_migrations", "app name applied"),
    Plain("auth_group", "name"),
    Plain("auth_group_permissions", "group_id permission_id"),
    Plain("auth_permission", "name content_type_id codename"),
)
