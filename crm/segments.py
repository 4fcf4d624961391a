"""Reads a segment's rules: who among one organisation's supporters is meant.

A rule is {"field": …, "op": …, "value": …}; a segment matches all or any of its rules. Every condition is an
equality or a range on an indexed, folded column, since under a row-level policy nothing else reaches an
index (decision 0003).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date

from crm import consent
from crm.identity import postcodes
from crm.models import (
    Branch,
    Channel,
    ContactPoint,
    Organisation,
    Relationship,
    Role,
    Segment,
    Supporter,
    SupporterRole,
    SupporterTag,
    SupporterTopic,
    Tag,
    Topic,
)

Rule = dict[str, Any]
OPERATORS = {"is": "is", "is_not": "is not", "after": "after", "before": "before"}


Condition = Callable[[str, Any], Q]


def _linked(model: type[Any], column: str, **narrower: Any) -> Condition:
    def condition(op: str, value: int) -> Q:
        linked = model.objects.filter(**{column: value}, **narrower)
        entries = linked.values("supporter__canonical_id")
        return Q(pk__in=entries) if op == "is" else ~Q(pk__in=entries)

    return condition


def _area(op: str, value: str) -> Q:
    """The beginning of a postcode, as a range of the folded column."""
    prefix = postcodes.fold(value)
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    inside = Q(postcode_fold__gte=prefix, postcode_fold__lt=end)
    return inside if op == "is" else ~inside


def _branch(op: str, value: int) -> Q:
    """The branch; somebody of none is in no branch."""
    return Q(branch=value) if op == "is" else ~Q(branch=value)


def _membership(op: str, value: str) -> Q:
    """How they stand to a membership organisation; somebody of whom no list says it is neither."""
    return Q(relationship=value) if op == "is" else ~Q(relationship=value)


def _added(op: str, value: str) -> Q:
    """The day on which a person came to the list; the day itself is neither before nor after."""
    start = timezone.make_aware(datetime.combine(date.fromisoformat(value), time.min))
    if op == "after":
        return Q(created_at__gte=start + timedelta(days=1))
    return Q(created_at__lt=start)


def _standing(op: str, value: str) -> Q:
    """How the permission stands today, by any address of the person."""
    return Q(pk__in=consent.standing(value).values("supporter__canonical_id"))


@dataclass(frozen=True, slots=True)
class Field:
    """What a rule may ask: its name on the screen, its operators, and the condition that it makes.

    `choices`: the rows that it may name; `words`: the codes that it may name, with their words.
    """

    label: str
    operators: tuple[str, ...]
    condition: Condition
    choices: Callable[[], QuerySet[Any]] | None = None
    words: Mapping[str, str] = field(default_factory=dict)


FIELDS: dict[str, Field] = {
    "role": Field("Role", ("is", "is_not"), _linked(SupporterRole, "role"), Role.objects.all),
    "tag": Field("Tag", ("is", "is_not"), _linked(SupporterTag, "tag"), Tag.objects.all),
    "topic": Field(
        "Topic",
        ("is", "is_not"),
        _linked(SupporterTopic, "topic", wanted=True),
        Topic.objects.all,
    ),
    "permission": Field("Permission", ("is",), _standing, words=consent.STANDINGS),
    "membership": Field(
        "Membership", ("is", "is_not"), _membership, words=dict(Relationship.choices)
    ),
    "branch": Field("Branch", ("is", "is_not"), _branch, Branch.objects.all),
    "area": Field("Postcode begins with", ("is", "is_not"), _area),
    "added": Field("Added", ("after", "before"), _added),
}


def check(rules: list[Rule]) -> list[Rule]:
    """Give the rules with their values made sound, or raise a sentence for the first that is not."""
    return [_checked(number, rule) for number, rule in enumerate(rules, start=1)]


def _checked(number: int, rule: Rule) -> Rule:
    asked = FIELDS.get(str(rule.get("field")))
    value = str(rule.get("value") or "").strip()
    if asked is None or rule.get("op") not in asked.operators:
        raise ValidationError(f"Rule {number}: choose what it asks.")
    if asked.choices is not None:
        if not value.isdigit() or not asked.choices().filter(pk=int(value)).exists():
            raise ValidationError(f"Rule {number}: choose a {asked.label.lower()} from the list.")
        return {**rule, "value": int(value)}
    if asked.words:
        if value not in asked.words:
            raise ValidationError(f"Rule {number}: choose a {asked.label.lower()} from the list.")
        return {**rule, "value": value}
    if rule["field"] == "area":
        if not 1 <= len(postcodes.fold(value)) <= 7 or not postcodes.fold(value).isalnum():
            raise ValidationError(f"Rule {number}: give the beginning of a postcode, such as GU1.")
        return {**rule, "value": value.upper()}
    if parse_date(value) is None:
        raise ValidationError(f"Rule {number}: give a date.")
    return {**rule, "value": value}


def condition(rules: dict[str, Any]) -> Q:
    """Give the condition on Supporter that a segment's rules make; no rule means everyone."""
    total = Q()
    for rule in rules.get("rules", []):
        one = FIELDS[rule["field"]].condition(rule["op"], rule["value"])
        total = total | one if rules.get("match") == "any" else total & one
    return total


Names = dict[tuple[str, int], str]


def names(organisation: Organisation) -> Names:
    """Give what the roles, tags and topics that rules may name are called, for `describe`: a query for each."""
    return {
        (name, row.pk): str(row)
        for name, about in FIELDS.items()
        if about.choices is not None
        for row in about.choices()
        if getattr(row, "organisation_id", organisation.pk) == organisation.pk
    }


def describe(rules: dict[str, Any], names: Names) -> list[str]:
    """Give a segment's rules in words, one each, such as “postcode begins with GU1”."""
    return [_in_words(rule, names) for rule in rules.get("rules", [])]


def _in_words(rule: Rule, names: Names) -> str:
    label, value = FIELDS[rule["field"]].label.lower(), rule["value"]
    if rule["field"] == "area":
        return f"{label if rule['op'] == 'is' else 'postcode does not begin with'} {value}"
    if rule["field"] == "added":
        day = date.fromisoformat(value)
        return f"{label} {OPERATORS[rule['op']]} {day.day} {day:%B %Y}"
    if words := FIELDS[rule["field"]].words:
        said = f"{words[value][:1].lower()}{words[value][1:]}"
        return f"{label} is not: {said}" if rule["op"] == "is_not" else f"{label}: {said}"
    name = names.get((rule["field"], value), "something that was deleted")
    return f"{label} {OPERATORS[rule['op']]} {name}"


def people(organisation: Organisation) -> QuerySet[Supporter]:
    """Give an organisation's supporters, one for each person; who was erased is none."""
    return Supporter.objects.filter(
        organisation=organisation, canonical=F("pk"), erased_at__isnull=True
    )


def members(organisation: Organisation, segment: Segment | None) -> QuerySet[Supporter]:
    """Give the organisation's supporters, one for each person, whom the segment means; None: all.

    Who objected, or asked us not to use their details, belongs to no segment (docs/reference/law.md).
    """
    everyone = people(organisation).filter(restricted=False)
    objected = consent.objectors().filter(organisation=organisation)
    everyone = everyone.exclude(pk__in=objected.values("supporter__canonical_id"))
    return everyone.filter(condition(segment.rules)) if segment else everyone


def addresses(
    organisation: Organisation, segment: Segment | None, question: consent.Question
) -> QuerySet[consent.DecidedPoint]:
    """Give the email addresses of those meant, with the gate's decision about each."""
    points = ContactPoint.objects.filter(
        organisation=organisation,
        channel=Channel.EMAIL,
        retired_at__isnull=True,
        supporter__canonical__in=members(organisation, segment).values("pk"),
    )
    return consent.decide(points, question)


@dataclass(frozen=True, slots=True)
class Size:
    """How many people a segment means, and how many of them may be mailed."""

    people: int
    permitted: int


def size(organisation: Organisation, segment: Segment | None, question: consent.Question) -> Size:
    """Count the people meant, and those with at least one address that may be mailed."""
    allowed = addresses(organisation, segment, question).filter(reasons=0)
    return Size(
        people=members(organisation, segment).count(),
        permitted=allowed.values("supporter__canonical").distinct().count(),
    )
