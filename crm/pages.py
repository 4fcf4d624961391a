"""Pages of a long list without OFFSET: the next begins after the last row of this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, and where the one after it is; the browser's Back leads to the one before."""

    rows: list[Any]
    next_url: str
    previous_url: str = ""
    label: str = "Pages"


def page(request: HttpRequest, found: QuerySet[Any], *, size: int) -> Page:
    """Give the page that `?after=` asks for of rows ordered by `-pk`, each with a public_id.

    The public id says where to go on, so that no sequential key leaves the server.
    """
    after = request.GET.get("after")
    if after:
        try:
            last = found.model._default_manager.values_list("pk", flat=True).get(public_id=after)
        except (found.model.DoesNotExist, ValueError) as error:
            raise Http404 from error
        found = found.filter(pk__lt=last)
    rows = list(found[: size + 1])
    if len(rows) <= size:
        return Page(rows, "")
    parameters = {**request.GET.dict(), "after": rows[size - 1].public_id}
    return Page(rows[:size], f"?{urlencode(parameters)}")
