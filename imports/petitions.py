"""Petitions to Parliament: they name nobody, and are of use as numbers of signatures by constituency.

The form is that of petition.parliament.uk's JSON. Who started a petition and who the MPs are is not read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from crm.spreadsheets import harmless
from imports.models import Import

MOST = (
    4 << 20
)  # bytes of a file that is looked at; a petition with every constituency takes a twentieth of it


@dataclass(frozen=True, slots=True)
class Place:
    """A constituency: its name, its code of the Office for National Statistics, and who signed there."""

    name: str
    code: str
    signatures: int


@dataclass(frozen=True, slots=True)
class Petition:
    """What a petition asks, all signatures, and those of each constituency, most first."""

    asks: str
    signatures: int
    places: list[Place]


def of(file: Import) -> Petition | None:
    """Give the petition that an import's file is, or None if it is none, or its file is not kept any more."""
    if not file.file or file.state != Import.State.REFUSED:
        return None
    with file.file.open("rb") as content:
        start = content.read(MOST + 1)
    return None if len(start) > MOST else read(start)


def read(content: bytes) -> Petition | None:
    """Read the JSON of a petition; None for anything else."""
    try:
        said = json.loads(content.decode("utf-8-sig"))["data"]["attributes"]
        places = [_place(each) for each in said.get("signatures_by_constituency") or []]
        found = Petition(str(said["action"]), int(said["signature_count"]), places)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    found.places.sort(key=lambda place: (-place.signatures, place.name))
    return found


def _place(said: dict[str, Any]) -> Place:
    return Place(str(said["name"]), str(said["ons_code"]), int(said["signature_count"]))


def workbook(petition: Petition) -> bytes:
    """Give an XLSX file with a row for each constituency."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Signatures")
    sheet.append(["Constituency", "Code", "Signatures"])
    for place in petition.places:
        sheet.append([harmless(place.name), harmless(place.code), place.signatures])
    out = BytesIO()
    book.save(out)
    return out.getvalue()
