"""What each column of the tables of campaigns is for, as crm.registry has it for all others."""

from __future__ import annotations

from crm.registry import Keep, Personal, Plain, Purpose, Registry

_P, _K = Purpose, Keep

REGISTRY: Registry = (
    Personal("mailings_audience", "supporter_id contact_point_id reasons", _P.PROVE, _K.SENT),
    Plain("mailings_audience", "campaign_id version_id"),
    Personal("mailings_delivery", "supporter_id contact_point_id mailbox", _P.EMAIL, _K.SENT),
    Personal("mailings_delivery", "status reasons detail settled_at", _P.EMAIL, _K.SENT),
    Personal("mailings_delivery", "is_personal is_coordinated", _P.EMAIL, _K.SENT),
    Personal("mailings_delivery", "outcome outcome_at", _P.EMAIL, _K.SENT),
    Personal("mailings_event", "mailbox message delivery_id kind", _P.EMAIL, _K.REPORTED),
    Personal("mailings_event", "is_permanent code happened_at", _P.EMAIL, _K.REPORTED),
    Plain("mailings_event", "route key received_at state campaign_id"),
    Plain("mailings_delivery", "campaign_id version_id seq"),
    Plain("mailings_chunk", "campaign_id first last state token leased_until cursor"),
    Plain("mailings_pace", "route group messages filled_at rests_until rests"),
    Plain("mailings_warmup", "domain starts_on"),
    Plain("mailings_daycount", "domain day messages"),
    Personal("mailings_campaign", "created_by_id", _P.STAFF, _K.LEDGER),
    Plain("mailings_campaign", "name mode state due_at suitable_for_under_18"),
    Plain("mailings_campaign", "is_important members_only on_doubt"),
    Plain(
        "mailings_campaign",
        "created_at started_at finished_at paused_why warned_of swept_at let_go route mentions_candidate election",
    ),
    Plain(
        "mailings_figures",
        "campaign_id messages overlap sent refused counted_at delivered bounced complained",
    ),
    Personal(
        "mailings_version",
        "author_id approved_by_id approved_at checked_by_id checked_at",
        _P.STAFF,
        _K.LEDGER,
    ),
    Personal(
        "mailings_jointapproval", "version_id partner_id user_id approved_at", _P.STAFF, _K.LEDGER
    ),
    Plain("mailings_campaignsum", "campaign_id of code people"),
    Plain(
        "mailings_version",
        "campaign_id segment_id purpose_id topic_id subject body updated_at extra_link",
    ),
)
