"""Two persons side by side: what each has in every field, and whether that is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from django.utils.formats import date_format
from django.utils.timezone import localtime

from crm.identity import names, postcodes
from crm.models import (
    AgeBand,
    Channel,
    ContactPoint,
    Record,
    Role,
    Source,
    Supporter,
    SupporterRole,
    SupporterTag,
)


class Mark(Enum):
    """How the two sides of a field stand to each other, in words."""

    SAME = "The same"
    PARTLY = "Partly the same"
    DIFFERENT = "Different"
    ONE = "Only one side has it"


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both."""

    label: str
    left: list[str]
    right: list[str]
    mark: Mark

    @property
    def differs(self) -> bool:
        """Whether it is to be looked at."""
        return self.mark in (Mark.DIFFERENT, Mark.PARTLY)


Values = dict[str, dict[str, str]]  # by field: what is compared, and how it is shown


def side_by_side(one: Supporter, other: Supporter) -> list[Line]:
    """Compare two persons, read through joins, field by field; what neither has is left out. Staff scope."""
    left, right = _of(one), _of(other)
    return [
        Line(
            label,
            list(left[label].values()),
            list(right[label].values()),
            _mark(set(left[label]), set(right[label])),
        )
        for label in left
        if left[label] or right[label]
    ]


def _mark(left: set[str], right: set[str]) -> Mark:
    if not (left and right):
        return Mark.ONE
    if left == right:
        return Mark.SAME
    return Mark.PARTLY if left & right else Mark.DIFFERENT


def _of(person: Supporter) -> Values:
    entries = list(Supporter.objects.filter(canonical=person).values_list("pk", flat=True))
    points = ContactPoint.objects.filter(supporter__in=entries, retired_at__isnull=True).order_by(
        "pk"
    )
    reached = list(points.values_list("channel", "folded", "address"))
    records = Record.objects.filter(supporter__in=entries).select_related("batch").order_by("pk")
    age = AgeBand(person.age_band)
    return {
        "First name": _said([person.first_name], names.fold),
        "Last name": _said([person.last_name], names.fold),
        "Email": {folded: shown for channel, folded, shown in reached if channel == Channel.EMAIL},
        "Phone": {folded: shown for channel, folded, shown in reached if channel == Channel.PHONE},
        "Postcode": _said([person.postcode], postcodes.fold),
        "Number": _said([person.external_id], str.casefold),
        "Membership": _said([person.get_relationship_display()], str.casefold),
        "Age": {} if age == AgeBand.NOT_SAID else {str(age.value): age.label},
        "Branch": {} if person.branch is None else {str(person.branch_id): person.branch.name},
        "Roles": _said(
            Role.objects.filter(
                pk__in=SupporterRole.objects.filter(supporter__in=entries).values("role")
            )
            .order_by("label")
            .values_list("label", flat=True)
        ),
        "Tags": _said(
            SupporterTag.objects.filter(supporter__in=entries)
            .order_by("tag__name")
            .values_list("tag__name", flat=True)
        ),
        "Told by": _said(
            record.batch.label if record.batch else str(Source(record.source).label).capitalize()
            for record in records
        ),
        "On the list since": _said([date_format(localtime(person.created_at), "j F Y")]),
    }


def _said(values: Iterable[str], fold: Callable[[str], str] = str.casefold) -> dict[str, str]:
    return {fold(value): value for value in values if value}
