"""Writes the record of processing (UK GDPR Art. 30) from the field registries of all apps.

`python -m config.records > docs/reference/records-of-processing.md`; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from crm import registry as crm
from crm.registry import Keep, Personal, Plain, Purpose, Registry
from imports import registry as imports
from mailings import registry as mailings

ALL: Registry = (*crm.REGISTRY, *imports.REGISTRY, *mailings.REGISTRY)

_HEAD = """\
# Records of processing

What UK GDPR Art. 30 asks for: what personal data Coalesce keeps, of whom, for what, and for how long. Made by
`python -m config.records` from the field registries (`registry.py` in each app), which tests hold to the database,
column by column. Each organisation completes it with its own particulars (**to fill in**).

Of Art. 30(1):

- **(a) controllers**: each partner for its own list; the partners jointly for the joint list (Art. 26). Names,
  contacts, data protection officers: **to fill in**.
- **(b) purposes, (c) people and data**: below.
- **(d) recipients**: the host of the servers and the mail relay, as processors: **to fill in**. Neither organisation
  receives the other's data: see [the wall](law.md#the-wall-as-rules).
- **(e) transfers abroad**: none by Coalesce; the mail relay's region: **to fill in**.
- **(f) time limits**: below, by column. Each night Coalesce counts what has had its time
  ([schedule](law.md#retention-schedule)); it goes when an admin has approved the count.
- **(g) security**: row-level policies for each organisation, logins without rights
  ([decision 5](../decisions/0005-logins-and-roles.md)), keyed hashes apart from their key
  ([decision 4](../decisions/0004-the-hash-key.md)), HTTPS only, no personal data in logs or addresses.

Whatever is on NEU's list may reveal union membership by being there, so all of it is treated as special-category data
(Art. 9), beyond the columns that say so below. Uploaded files lie in `COALESCE_HOME/files` and go by the rule of
`imports_import.file`. Backups of the database hold all of this for 35 days.
"""


def page() -> str:
    """Give the whole page as Markdown."""
    return "\n".join([_HEAD, *_purposes(), *_rules(), *_columns(), *_plain()]) + "\n"


def _purposes() -> Iterable[str]:
    yield from ("## Purposes", "", "Each organisation confirms the basis (Art. 6) for itself.", "")
    yield from ("| To … | Of whom | Basis |", "|---|---|---|")
    yield from (f"| {purpose.words} | {purpose.people} | {purpose.basis} |" for purpose in Purpose)


def _rules() -> Iterable[str]:
    yield from ("", "## Retention", "", "| Rule | Columns under it |", "|---|---:|")
    for rule in Keep:
        under = [
            name for entry in _personal() if entry.keep is rule for name in entry.columns.split()
        ]
        yield f"| {rule.value} | {len(under)} |"


def _columns() -> Iterable[str]:
    yield from ("", "## Columns", "")
    yield "| Table | Columns | To … | Controller | Special category | Kept |"
    yield "|---|---|---|---|---|---|"
    for entry in _personal():
        columns = ", ".join(f"`{name}`" for name in entry.columns.split())
        told = (entry.purpose.words, entry.owner.value, entry.special.value, entry.keep.value)
        yield f"| `{entry.table}` | {columns} | {' | '.join(told)} |"


def _plain() -> Iterable[str]:
    yield from ("", "## Not personal data", "")
    structure = ", ".join(f"`{name}`" for name in sorted(crm.STRUCTURE))
    yield f"{structure} of every table: they tell nothing without the rest of their row. And:"
    yield from ("", "| Table | Columns |", "|---|---|")
    for entry in ALL:
        if isinstance(entry, Plain) and entry.columns:
            columns = ", ".join(f"`{name}`" for name in entry.columns.split())
            yield f"| `{entry.table}` | {columns} |"


def _personal() -> list[Personal]:
    return [entry for entry in ALL if isinstance(entry, Personal)]


if __name__ == "__main__":
    sys.stdout.write(page())
