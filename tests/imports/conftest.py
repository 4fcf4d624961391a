"""Bringing a file the way an admin does: as staff, then in the worker."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from crm import consent, wall
from crm.models import (
    AddressKey,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Record,
    Statement,
    Supporter,
)
from crm.reasons import Reason
from imports import services
from imports.mapping import Mapping
from imports.models import Import
from tests import factories

Table = Sequence[Sequence[Any]]
HEAD = ["Email", "First name", "Last name", "Opt in", "Opt in date"]


def as_csv(rows: Table, *, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def as_xlsx(rows: Table) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def upload(
    where: Organisation,
    content: bytes | Table,
    *,
    name: str = "list.csv",
    statement: Statement | None = None,
    collected_on: date | None = None,
    adults_only: bool = True,
) -> Import:
    data = content if isinstance(content, bytes) else as_csv(content)
    with wall.scope("staff", organisation_id=where.pk):
        return services.upload(
            organisation=where,
            name=name,
            content=io.BytesIO(data),
            statement=statement,
            collected_on=collected_on,
            adults_only=adults_only,
            user=None,
        )


def preview(
    where: Organisation, content: bytes | Table, *, mapping: Mapping | None = None, **said: Any
) -> Import:
    file = upload(where, content, **said)
    if mapping:
        Import.objects.filter(pk=file.pk).update(mapping=mapping.as_json())
    return services.preview(file=file)


def shown(client: Client, file: Import) -> dict[str, Any]:
    """What a browser sends when *Which column is what* is left as it is shown."""
    form = client.get(reverse("import", args=[file.public_id])).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def say(client: Client, file: Import, **said: Any) -> Any:
    """Send that page with some of it said otherwise; tick every box that asks."""
    values = {**shown(client, file), **said}
    form = client.get(reverse("import", args=[file.public_id])).context["form"]
    boxes = {name: "on" for name in form.fields if "-ok-" in name}
    return client.post(reverse("import-columns", args=[file.public_id]), boxes | values)


def apply(file: Import, *, origin: str = "") -> Import:
    with wall.scope("staff", organisation_id=file.organisation_id):
        started = services.start(file=file, origin=origin)
    return services.apply(file=started)


def bring(where: Organisation, content: bytes | Table, **said: Any) -> Import:
    """Upload, preview and apply, under a wording of the organisation unless told otherwise."""
    if "statement" not in said:
        said["statement"] = factories.statement(where)
    file = preview(where, content, **said)
    assert file.state == Import.State.PREVIEWED, file.trouble
    return apply(file)


def point(where: Organisation, email: str) -> ContactPoint:
    return ContactPoint.objects.get(organisation=where, channel=1, folded=email.lower())


def reasons(found: ContactPoint) -> Reason:
    """Why the address may not be mailed, from the permission that is kept."""
    purpose = factories.purpose(found.organisation)
    asked = consent.decide(
        ContactPoint.objects.filter(pk=found.pk), consent.Question(purpose_id=purpose.pk)
    )
    return Reason(asked.values_list("reasons", flat=True).get())


def events(where: Organisation) -> int:
    return ConsentEvent.objects.filter(organisation=where).count()


def everything() -> dict[str, int]:
    tables = (Supporter, ContactPoint, AddressKey, Record, ConsentEvent)
    return {table.__name__: table.objects.count() for table in tables}
