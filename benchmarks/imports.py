"""An import of `--rows` (500,000) into `--base` (1,000,000) supporters, from file to done, with two comparators.

The file has 22 columns; 30 % of its rows are of known people, 5 % repeat a row, 3 % have a bad cell and 10 % say no.
Triggers, audit, policies, constraints and default durability are on, and the settings are printed. The comparators,
`_import_export.py` and `_bare_sql.py`, are programs of their own that read the same file on the same server. What the
import wrote is undone at the end, so that the next run finds the same base.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from benchmarks import _bare_sql, _import_export, filling
from crm import wall
from crm.models import Organisation, Statement, User
from imports import services, undoing
from imports.models import Import

SEED = 20260503
NAMES = 1_000_000  # how many different people the names, numbers and dates go round
HEAD = (
    "Email,First name,Last name,Phone,Postcode,Role,Tags,Membership number,Email opt in,Opt in date,Opt out date,"
    "Date of birth,Title,Address 1,Address 2,Town,County,Country,Workplace,Local authority,Notes,Source"
).split(",")
ROLES = ("SENCO", "Parent", "Teacher", "Teaching assistant", "")
TOWNS = ("Guildford", "Leeds", "Bristol", "Hull", "Exeter", "Newcastle upon Tyne", "Stoke-on-Trent")


def run(arguments: list[str]) -> dict[str, Any]:
    """Fill, write the file, import it, and give rates and ratios."""
    parser = argparse.ArgumentParser(prog="bin/bench imports")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--base", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help="a CSV file of your own instead")
    parser.add_argument("--compared", type=int, default=50_000, help="rows for the comparators")
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args(arguments)
    filling.fill(options.base)
    path = options.file or list_of(options.rows, options.base)
    if not options.json:
        _settings()
    ours = _ours(path)
    compared = min(options.compared, ours["rows"])
    with path.open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(compared), strict=False)]
    rate = ours["rows_per_second"]
    return {
        **ours,
        "base": options.base,
        "compared_rows": compared,
        "ratio_to_import_export": round(rate / _import_export.rows_per_second(rows), 2),
        "ratio_to_bare_sql": round(_bare_sql.rows_per_second(rows) / rate, 2),
    }


def _settings() -> None:
    """Print that nothing was switched off."""
    with connection.cursor() as cursor:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "session_replication_role"):
            cursor.execute(f"SHOW {name}")
            print(f"{name} = {cursor.fetchone()[0]}")
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D' AND NOT tgisinternal),
                   (SELECT count(*) FROM pg_class WHERE relname LIKE 'crm\\_%' AND relrowsecurity)
            """
        )
        disabled, guarded = cursor.fetchone()
    print(
        f"triggers switched off: {disabled}; tables with row-level policies: {guarded}", flush=True
    )


def _ours(path: Path) -> dict[str, Any]:
    """Import the file as a worker does; give seconds, rows a second and the peak memory."""
    socr = Organisation.objects.get(code="SOCR")
    statement = Statement.objects.filter(organisation=socr).order_by("pk").first()
    before = _peak()
    with path.open("rb") as content, wall.scope("keeper", organisation_id=socr.pk):
        file = services.upload(
            organisation=socr,
            name=path.name,
            content=content,
            statement=statement,
            collected_on=None,
            adults_only=False,
            user=None,
        )
    began = time.perf_counter()
    file = services.preview(file=file)
    previewed = time.perf_counter()
    assert file.state == Import.State.PREVIEWED, file.trouble
    with wall.scope("keeper", organisation_id=socr.pk):
        file = services.start(file=file)
    assert file.state == Import.State.APPLYING, file.state
    file = services.apply(file=file)
    done = time.perf_counter()
    assert file.state == Import.State.APPLIED
    rows = file.counts["rows"]
    result = {
        "rows": rows,
        "rows_per_second": round(rows / (done - began)),
        "preview_seconds": round(previewed - began, 1),
        "apply_seconds": round(done - previewed, 1),
        "peak_memory_mb": _peak(),
        "memory_before_mb": before,
    }
    print(result, flush=True)
    began = time.perf_counter()
    first, second = (User.objects.get_or_create(email=f"bench{n}@example.org")[0] for n in (1, 2))
    undoing.ask(file=file, user=first)
    weighed = undoing.weigh(file=file)
    result["weigh_undo_seconds"] = round(time.perf_counter() - began, 1)
    began = time.perf_counter()
    undoing.confirm(file=weighed, user=second, number=weighed.undo["mailable"])
    undone = undoing.carry_out(file=weighed)
    result["undo_seconds"] = round(time.perf_counter() - began, 1)
    assert undone.state == Import.State.UNDONE
    return result


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def list_of(rows: int, base: int) -> Path:
    """Write the file once; the same numbers give the same file."""
    path = Path(settings.COALESCE_HOME) / f"list-{rows}-{base}.csv"
    if not path.exists():
        with path.open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(HEAD)
            out.writerows(_rows(rows, base))
    return path


def _rows(count: int, base: int) -> Iterator[list[str]]:
    dice = random.Random(SEED)
    written: list[list[str]] = []
    for number in range(count):
        if written and dice.random() < 0.05:
            yield dice.choice(written)
            continue
        known = dice.randrange(1, base + 1) if dice.random() < 0.3 else None
        row = _row(dice, number, known)
        if len(written) < 1000:
            written.append(row)
        yield row


def _row(dice: random.Random, number: int, known: int | None) -> list[str]:
    who = known or dice.randrange(NAMES)
    first, last = filling.FIRST[who % 16], filling.LAST[who // 16 % 16]
    email = f"person{known}@example.org" if known else f"{first}.{last}.{number}@example.net"
    postcode = f"GU{1 + who % 99} 1AA"
    if dice.random() < 0.03:
        email, postcode = dice.choice([(email.replace("@", " at "), postcode), (email, "GU1")])
    says_no = dice.random() < 0.1
    day = f"2026-{1 + who % 9:02}-{1 + who % 28:02}"
    return [
        email,
        first,
        last,
        f"07700 900{who % 1000:03}",
        postcode,
        ROLES[who % 5],
        "picket;reps" if who % 7 == 0 else "",
        "",
        "no" if says_no else "yes",
        "" if says_no else day,
        day if says_no else "",
        f"19{50 + who % 40}-{1 + who % 12:02}-{1 + who % 28:02}",
        "Dr" if who % 9 == 0 else "",
        f"{1 + who % 200} Example Street",
        "",
        TOWNS[who % 7],
        "Surrey",
        "United Kingdom",
        f"School {who % 5000}",
        "Surrey",
        "",
        "petition",
    ]
