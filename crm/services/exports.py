"""Exports of people: asked for with a reason, made by a worker as the one who asked, deleted after a day."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.files.base import File
from django.db.models import F
from django.utils import timezone
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX

from crm import consent, exportable, segments, wall
from crm.models import (
    Channel,
    ContactPoint,
    Export,
    Membership,
    Organisation,
    Purpose,
    Segment,
    Supporter,
    SupporterRole,
    SupporterTag,
    SupporterTopic,
    User,
)
from crm.services import audit
from crm.spreadsheets import RowsResource

KEPT = timedelta(hours=24)
STRETCH = 2_000  # people whose rows are put together at a time
MOST_IN_XLSX = 100_000  # such a workbook is made whole, in memory


@dataclass(frozen=True, slots=True)
class Row:
    """One person as they leave: no number of a row, only the public id."""

    public_id: str
    first_name: str
    last_name: str
    emails: str
    may_be_emailed: str
    phones: str
    postcode: str
    roles: str
    topics: str
    tags: str
    number: str
    membership: str
    age: str
    added_on: str


class PeopleResource(RowsResource):
    """The columns of an export."""

    public_id = Field(attribute="public_id", column_name="Id")
    first_name = Field(attribute="first_name", column_name="First name")
    last_name = Field(attribute="last_name", column_name="Last name")
    emails = Field(attribute="emails", column_name="Email")
    may_be_emailed = Field(attribute="may_be_emailed", column_name="May be emailed")
    phones = Field(attribute="phones", column_name="Phone")
    postcode = Field(attribute="postcode", column_name="Postcode")
    roles = Field(attribute="roles", column_name="Roles")
    topics = Field(attribute="topics", column_name="Topics")
    tags = Field(attribute="tags", column_name="Tags")
    number = Field(attribute="number", column_name="Number")
    membership = Field(attribute="membership", column_name="Membership")
    age = Field(attribute="age", column_name="Age")
    added_on = Field(attribute="added_on", column_name="On the list since")


def request(
    *,
    organisation: Organisation,
    user: User,
    format: str,
    reason: str,
    segment: Segment | None = None,
    group: str = "",
    what: str = "Everyone on our list",
) -> Export:
    """Ask for an export of a segment, of a `group` that another app knows by the name `what`, or of the whole list.

    Who, of what and why is noted.
    """
    made = Export.objects.create(
        organisation=organisation,
        segment=segment,
        is_whole_list=segment is None and not group,
        group=group,
        what=(segment.name if segment else what)[:140],
        format=format,
        reason=reason,
        requested_by=user,
    )
    audit.exported(what="asked for", people=made.what, reason=reason)
    return made


def make(*, export_id: int) -> None:
    """Make the file of an export that waits, with the rights of the one who asked. Safe to repeat."""
    with wall.scope("platform"):
        waiting = Export.objects.select_for_update(skip_locked=True)
        export = waiting.filter(pk=export_id, state=Export.State.WAITING).first()
        if export is None:
            return
        if not _may_export(export):
            _refuse(export, "Whoever asked may no longer export.")
            return
        if not (export.segment_id or export.is_whole_list or export.group):
            _refuse(export, "The segment was deleted meanwhile.")
            return
        with wall.scope(
            "staff", organisation_id=export.organisation_id, user_id=export.requested_by_id
        ):
            people = _people(export)
            count = people.count()
            if export.format == Export.Format.XLSX and count > MOST_IN_XLSX:
                content = None
            else:
                content = _content(export, rows(export.organisation, people))
        if content is None:
            _refuse(export, f"More than {MOST_IN_XLSX:,} people do not fit: choose CSV.")
            return
        with content:
            export.file.save(f"{export.public_id}", File(content), save=False)
        export.state, export.people = Export.State.READY, count
        export.kept_until = timezone.now() + KEPT
        export.save()


def _may_export(export: Export) -> bool:
    """Tell whether the one who asked still works for the whole organisation."""
    return Membership.objects.filter(
        user=export.requested_by_id,
        organisation=export.organisation_id,
        branch=None,
        user__is_active=True,
    ).exists()


def _refuse(export: Export, why: str) -> None:
    export.state, export.trouble = Export.State.REFUSED, why
    export.save(update_fields=["state", "trouble"])


def _people(export: Export) -> Any:
    """Give who is meant; those who asked us not to use their details are left out (UK GDPR 18)."""
    if export.group:
        found = exportable.people(export.organisation, export.group)
    else:
        found = segments.members(export.organisation, export.segment)
    return found.filter(restricted=False)


def _content(export: Export, found: Iterator[Row]) -> Any:
    """Write the rows to a temporary file: CSV a stretch at a time, a workbook whole."""
    out = tempfile.TemporaryFile()
    if export.format == Export.Format.XLSX:
        out.write(XLSX().export_data(PeopleResource().export(found)))
    else:
        out.write("\ufeff".encode())  # else Excel reads it in the wrong alphabet
        first: list[Row] = list(islice(found, STRETCH))
        dataset = PeopleResource().export(first)
        while True:
            out.write(CSV().export_data(dataset).encode())
            stretch = list(islice(found, STRETCH))
            if not stretch:
                break
            dataset = PeopleResource().export(stretch)
            dataset.headers = None
    out.seek(0)
    return out


def rows(organisation: Organisation, people: Any) -> Iterator[Row]:
    """Give the rows of some people, oldest first; the number of statements is that of the stretches."""
    purpose = Purpose.objects.filter(organisation=organisation).order_by("pk").first()
    last = 0
    while found := list(people.filter(pk__gt=last).order_by("pk")[:STRETCH]):
        last = found[-1].pk
        yield from _stretch(organisation, found, purpose)


Words = dict[int, list[str]]


def _stretch(
    organisation: Organisation, people: list[Supporter], purpose: Purpose | None
) -> Iterator[Row]:
    joined = {person.pk: person.pk for person in people}
    others = Supporter.objects.filter(canonical__in=list(joined)).exclude(pk=F("canonical"))
    joined |= dict(others.values_list("pk", "canonical_id"))
    emails, phones, allowed = _addresses(joined, purpose)
    roles, topics, tags = (
        _labels(model, column, joined)
        for model, column in (
            (SupporterRole, "role__label"),
            (SupporterTopic, "topic__name"),
            (SupporterTag, "tag__name"),
        )
    )
    for person in people:
        yield Row(
            public_id=str(person.public_id),
            first_name=person.first_name,
            last_name=person.last_name,
            emails="; ".join(emails[person.pk]),
            may_be_emailed="yes" if person.pk in allowed else "no",
            phones="; ".join(phones[person.pk]),
            postcode=person.postcode,
            roles="; ".join(roles[person.pk]),
            topics="; ".join(topics[person.pk]),
            tags="; ".join(tags[person.pk]),
            number=person.external_id,
            membership=person.get_relationship_display(),
            age=person.get_age_band_display(),
            added_on=f"{timezone.localtime(person.created_at):%Y-%m-%d}",
        )


def _addresses(joined: dict[int, int], purpose: Purpose | None) -> tuple[Words, Words, set[int]]:
    """Give each person's addresses and phones, and who may be emailed, as the gate says now."""
    emails: Words = defaultdict(list)
    phones: Words = defaultdict(list)
    points = ContactPoint.objects.filter(supporter__in=list(joined), retired_at__isnull=True)
    for entry, channel, address in points.order_by("pk").values_list(
        "supporter_id", "channel", "address"
    ):
        (emails if channel == Channel.EMAIL else phones)[joined[entry]].append(address)
    if purpose is None:
        return emails, phones, set()
    question = consent.Question(purpose.pk, suitable_for_under_18=True)
    decided = consent.decide(points, question).filter(reasons=0)
    return (
        emails,
        phones,
        {joined[entry] for entry in decided.values_list("supporter_id", flat=True)},
    )


def _labels(model: Any, column: str, joined: dict[int, int]) -> Words:
    found: Words = defaultdict(list)
    named = model.objects.filter(supporter__in=list(joined)).values_list("supporter_id", column)
    for entry, label in sorted(named, key=lambda pair: str(pair[1])):
        if label not in found[joined[entry]]:
            found[joined[entry]].append(label)
    return found


def delete_files(*, organisation_id: int) -> None:
    """Delete every file of an organisation before its day is over: somebody in it was erased. Platform scope."""
    ready = Export.objects.filter(organisation=organisation_id, state=Export.State.READY)
    for export in ready.select_for_update():
        _delete_file(export)


def sweep() -> list[int]:
    """Delete the files whose day is over, and give the exports that wait still."""
    with wall.scope("platform"):
        over = Export.objects.filter(state=Export.State.READY, kept_until__lte=timezone.now())
        for export in over.select_for_update(skip_locked=True):
            _delete_file(export)
        waiting = Export.objects.filter(state=Export.State.WAITING).order_by("pk")
        return list(waiting.values_list("pk", flat=True)[:20])


def _delete_file(export: Export) -> None:
    export.file.delete(save=False)
    export.state = Export.State.DELETED
    export.save(update_fields=["state", "file"])
