"""Cells that leave for a spreadsheet, which must not run what somebody typed (OWASP, CSV injection)."""

from __future__ import annotations

import re
from typing import Any

from import_export.resources import ModelResource, Resource

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet run a cell
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what XLSX cannot hold


def harmless(value: Any) -> Any:
    """Give a cell, with an apostrophe before what a spreadsheet would run."""
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub(" ", value)
    return f"'{text}" if text.lstrip().startswith(FORMULA) or text.startswith(FORMULA) else text


class HarmlessCells:
    """Mixed into a resource of django-import-export, makes each of its cells harmless."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """Give a cell that no spreadsheet runs."""
        return harmless(super().export_field(field, instance, **kwargs))  # type: ignore[misc]


class PlainResource(HarmlessCells, ModelResource):  # type: ignore[misc]
    """An export of a table whose cells cannot be taken for formulas."""


class RowsResource(HarmlessCells, Resource):  # type: ignore[misc]
    """An export of rows that were put together, whose cells cannot be taken for formulas."""
