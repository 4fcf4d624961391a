"""Writes the reference page of the formats that imports read, from what the importer itself goes by.

`bin/manage formats > docs/reference/formats.md`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imports import answers, meaning, presets, reading
from imports.vendors import COMMON, PRESETS, Preset

_HEAD = f"""\
# Formats we read

Which files an import takes, from which tools, and what their columns and words mean. Made by `bin/manage formats` from
what the importer goes by, and held to it by a test. On the page *Which column is what* an admin can change all of it
for a file: see [Import a spreadsheet](../how-to/import-a-spreadsheet.md).

## Files

| File | What is read |
|---|---|
| CSV, TSV | commas, semicolons or tabs; UTF-8, UTF-16 or Windows-1252; a first line `sep=;` |
| XLSX, XLS, ODS | one visible sheet, chosen by the admin if several hold rows; not its hidden rows and columns |
| ZIP | every CSV file in it; one with a password is refused |

A file may have {reading.MAX_COLUMNS:,} columns, a cell {reading.MAX_CELL:,} characters, and a ZIP
{reading.MAX_UNPACKED // 2**30} GB when unpacked. Workbooks with macros, web pages saved as a workbook, PDFs, JSON and
petitions to Parliament are refused with the reason. The first row that is not empty holds the headings; their order,
capitals and punctuation do not matter, and two may be the same. Headings that come again further down are passed over.
"""
_TRAPS = """\
## What no heading changes

- A column that names another organisation is never read. One that names us as well is.
- A date of birth becomes an age band. Nothing of somebody under 13 is kept.
- `03/04/2026` counts only if another date of the column shows the order of day and month, or the admin says it.
- A column of who does not want email gives no permission, whatever it says.
- A yes counts with a date and a sign-up wording, and never against a stop ([consent](../explanation/consent.md)).
- A column that nobody knows is left out, and not kept.
"""


def page() -> str:
    """Give the whole page as Markdown."""
    parts = [_HEAD, *_tools(), *_words(), _TRAPS]
    return "\n".join(parts)


def _tools() -> Iterator[str]:
    yield "## Tools"
    yield ""
    yield "The first of these whose telling headings are all there is what a file is taken for.\n"
    for preset in PRESETS:
        yield f"### {preset.label}\n"
        if preset.fingerprint:
            yield f"Known by {_together(sorted(preset.fingerprint))}.\n"
        else:
            yield "Every other file.\n"
        yield from (f"- {trap}" for trap in _traps(preset))
        if _traps(preset):
            yield ""
        yield from ("| What it is | Headings, the best first |", "|---|---|")
        for name, label in presets.LABELS.items():
            aliases = preset.fields.get(name, ())
            if aliases and (aliases != COMMON[name] or preset.code == "template"):
                yield f"| {label} | {_together(aliases)} |"
        yield ""
        if same := [presets.LABELS[name] for name in _shared(preset)]:
            yield f"As in [every other file](#spreadsheet-with-our-own-headings): {'; '.join(same)}.\n"


def _shared(preset: Preset) -> list[str]:
    """Give the fields that a tool's files have under the headings of every other file."""
    if preset.code == "template":
        return []
    return [name for name, its in preset.fields.items() if its and its == COMMON[name]]


def _traps(preset: Preset) -> list[str]:
    """Say what is peculiar to a tool's files."""
    found = [
        f"A file whose name begins with `{status}`: everyone in it "
        + (f"{answers.LABELS[answers.CODES[action]].lower()}." if action else _BY_NAME[status])
        for status, action in preset.by_name.items()
    ]
    for holds, sentence in (
        (
            preset.is_of_members,
            "Only a union has such a list: any other organisation is asked whose it is.",
        ),
        (preset.is_american, "Dates with slashes put the month first."),
        (preset.has_footer, "Lines below the table that name nobody are passed over."),
        (preset.guards_cells, "An apostrophe before a cell is taken off."),
        (
            preset.last_email,
            f"`{preset.last_email}` counts only where no other column has an address.",
        ),
        (preset.not_kept, f"Never kept: {_together(sorted(preset.not_kept))}."),
    ):
        if holds:
            found.append(sentence)
    return found


_BY_NAME = {
    "nonsubscribed": "said nothing about email.",
    "cleaned": "has an address from which email comes back.",
}


def _words() -> Iterator[str]:
    yield "## Words of a column about email\n"
    yield "Capitals and punctuation do not matter. What is not here counts as not said, and is asked about.\n"
    yield from (
        "| It says | In a column of who said yes | In a column of who does not want email |",
        "|---|---|---|",
    )
    for words in meaning.VOCABULARY:
        row = sorted(word for word in words if word)
        told = (answers.LABELS[answers.plain(name, row[0])] for name in ("says_yes", "says_no"))
        yield f"| {_together(row)} | {' | '.join(told)} |"
    yield ""


def _together(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
