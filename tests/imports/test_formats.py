"""The reference page of formats says what the importer goes by."""

from __future__ import annotations

from pathlib import Path

from imports import formats

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md"


def test_the_page_of_formats_is_what_the_importer_goes_by() -> None:
    assert PAGE.read_text(encoding="utf-8") == formats.page(), (
        "Make it anew: bin/manage formats > docs/reference/formats.md"
    )
