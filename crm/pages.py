"""Pages of a long list without OFFSET: each begins beside the last row of the one before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, and the addresses of those beside it; an empty address where there is none."""

    rows: list[Any]
    next_url: str = ""
    previous_url: str = ""
    label: str = ""


def page(request: HttpRequest, found: QuerySet[Any], *, size: int) -> Page:
    """Give the page that `?before=` or `?after=` asks for of rows ordered by `-pk`, each with a public_id.

    The public id says where to go on, so that no sequential key leaves the server. Raises Http404 for an
    id that is none, or is another organisation's.
    """
    before, after = _key(request, "before", found), _key(request, "after", found)
    if after is not None:
        rows = list(found.filter(pk__gt=after).order_by("pk")[: size + 1])
        has_newer, has_older = len(rows) > size, True
        rows = rows[:size][::-1]
    else:
        rows = list((found if before is None else found.filter(pk__lt=before))[: size + 1])
        has_newer, has_older = before is not None, len(rows) > size
        rows = rows[:size]
    if not rows:
        return Page(rows, previous_url=_url(request) if before or after else "")
    return Page(
        rows,
        next_url=_url(request, before=rows[-1].public_id) if has_older else "",
        previous_url=_url(request, after=rows[0].public_id) if has_newer else "",
    )


def _key(request: HttpRequest, name: str, found: QuerySet[Any]) -> Any:
    """Give the sequential key of the row that a parameter names by its public id, or None."""
    value = request.GET.get(name)
    if not value:
        return None
    try:
        rows = found.model._default_manager.values_list("pk", flat=True)
        return rows.get(public_id=uuid.UUID(value))
    except (ValueError, found.model.DoesNotExist) as error:
        raise Http404 from error


def _url(request: HttpRequest, **place: uuid.UUID) -> str:
    kept = {name: text for name, text in request.GET.items() if name not in ("before", "after")}
    return f"?{urlencode({**kept, **place})}"
