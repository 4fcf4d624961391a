"""Counts who would get a campaign and who is left out, by reason: before it is sent, and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet, Value
from django.db.models.lookups import GreaterThanOrEqual

from crm import consent, segments
from crm.reasons import SENTENCES, Reason
from mailings.models import Audience, Campaign, CampaignSum, Version


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people are meant, how many may be mailed, and how many are left out for each reason.

    Somebody left out for two reasons is counted under both.
    """

    people: int
    allowed: int
    reasons: list[tuple[Reason, int]]

    @property
    def left_out(self) -> int:
        """How many are left out."""
        return self.people - self.allowed

    @property
    def rows(self) -> list[tuple[str, int, str]]:
        """The reasons in words, the most frequent first, as the table of counts takes them."""
        return [(SENTENCES[reason], count, "") for reason, count in self.reasons]


def _tally(groups: Iterable[tuple[int, int]]) -> Tally:
    """Add up (reasons, people) groups."""
    people, allowed, counter = 0, 0, Counter[Reason]()
    for reasons, count in groups:
        people += count
        allowed += count if reasons == 0 else 0
        for reason in Reason(reasons):
            counter[reason] += count
    return Tally(people, allowed, counter.most_common())


def question(version: Version) -> consent.Question:
    """Give what the gate is asked about a version's people."""
    return consent.Question(
        purpose_id=version.purpose_id,
        topic_id=version.topic_id,
        is_important=version.campaign.is_important,
        members_only=version.campaign.members_only,
        suitable_for_under_18=version.campaign.suitable_for_under_18,
        had_enough=_had_enough(version),
    )


def _had_enough(version: Version) -> Q | None:
    """Who had as many of the organisation's own emails as it sends in seven days; None if it has no limit."""
    most = version.organisation.most_a_week
    if most is None:
        return None
    had = Func(
        F("supporter__canonical_id"),
        F("organisation_id"),
        Value(version.campaign_id),
        function="mailings_of_a_week",
        output_field=BigIntegerField(),
    )
    return Q(GreaterThanOrEqual(had, most))


def best(version: Version) -> QuerySet[consent.DecidedPoint]:
    """Give each person's best address, with the gate's decision about it."""
    points = segments.addresses(version.organisation, version.segment, question(version))
    ordered = points.order_by("supporter__canonical_id", "reasons", "kind", "pk")
    return ordered.distinct("supporter__canonical_id")


def preview(version: Version) -> Tally:
    """Count as if the campaign were sent now: each person by their best address."""
    sql, parameters = best(version).values("reasons").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT q.reasons, count(*) FROM ({sql}) q(reasons) GROUP BY 1", parameters)
        groups = cursor.fetchall()
    everyone = segments.members(version.organisation, version.segment).count()
    without = everyone - sum(count for _, count in groups)
    return _tally([*groups, (Reason.ADDRESS_INVALID.value, without)] if without else groups)


def sample(version: Version, size: int = 5) -> list[consent.DecidedPoint]:
    """Give some of those who would be mailed."""
    points = segments.addresses(version.organisation, version.segment, question(version))
    return list(points.filter(reasons=0).select_related("supporter").order_by("pk")[:size])


def report(campaign: Campaign, organisation_id: int) -> Tally:
    """Count the decisions that were fixed when the sending began, of one organisation's people."""
    groups = (
        Audience.objects.filter(campaign=campaign, organisation=organisation_id)
        .values_list("reasons")
        .annotate(people=Count("pk"))
    )
    return _tally(groups or _sums(campaign, organisation_id, CampaignSum.Of.DECISIONS))


def _sums(campaign: Campaign, organisation_id: int, of: CampaignSum.Of) -> list[tuple[int, int]]:
    """Give what is kept of a campaign when who got it is not any more, as (code, people)."""
    kept = CampaignSum.objects.filter(campaign=campaign, organisation=organisation_id, of=of)
    return list(kept.values_list("code", "people"))


def progress(campaign: Campaign) -> tuple[int, int] | None:
    """Give how many messages are settled, of how many.

    For a campaign of several organisations rounded to tens; None if it has fewer than ten.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT done, everything FROM mailings_progress(%s)", [campaign.pk])
        done, everything = cursor.fetchone()
    return None if everything is None else (int(done or 0), int(everything))
