"""How long a run of matching takes from PostgreSQL and back: many new supporters of one organisation against another's.

The base is taken as matched already, and prepared as a run leaves it. A process of its own runs, as in production, and
its peak memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from benchmarks import supporters
from benchmarks.filling import organisations_of_the_bench
from config.embedded import ROOT
from crm.identity import addresses, names, phones, postcodes
from crm.models import Organisation, Supporter


def run(arguments: list[str]) -> dict[str, Any]:
    """Fill the lists, match the new, and give seconds by stage, peak memory, and how many links were right."""
    parser = argparse.ArgumentParser(prog="bin/bench matching_lists")
    parser.add_argument("--base", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args(arguments)
    organisations_of_the_bench()
    if Supporter.objects.exists():
        raise SystemExit(
            "The benchmark's database holds people. Name an empty folder in COALESCE_HOME, and run it again."
        )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        print(f"inventing {options.base:,} and {options.new:,} people …", flush=True)
        supporters.write(folder, options.base, options.new, options.seed)
        truth = {tuple(pair) for pair in json.loads((folder / "truth.json").read_text())}
        print("filling the lists …", flush=True)
        ids = _fill("SOCR", folder / "base.csv")
        _run("prepare")
        ids |= _fill("NEU", folder / "new.csv")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE crm_supporter, crm_contactpoint, crm_unmatched")
    ran = json.loads(_run())
    right = {(ids[one], ids[other]) for one, other in truth}
    linked = _links()
    return {
        "base": options.base,
        "new": options.new,
        **ran,
        "links": len(linked),
        "links_right": round(len(linked & right) / max(len(linked), 1), 5),
        "found": round(len(linked & right) / len(right), 4),
    }


def _fill(code: str, path: Path) -> dict[str, int]:
    """Make the rows of a file supporters of the organisation, and give the id of each."""
    where = Organisation.objects.get(code=code).pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM crm_supporter")
        (last,) = cursor.fetchone()
        cursor.execute("CREATE TEMPORARY TABLE known (id bigint, first text, last text, forms text, fold text, "
                       "postcode text, member text, email text, phone text)")  # fmt: skip
        ids: dict[str, int] = {}
        with cursor.copy("COPY known FROM STDIN") as copy:
            for number, row in enumerate(_rows(path), last + 1):
                ids[row[0]] = number
                copy.write_row((number, *row[1:]))
        cursor.execute(
            """
            INSERT INTO crm_supporter (id, public_id, organisation_id, canonical_id, first_name, last_name, name_forms,
                last_fold, postcode, postcode_fold, external_id, age_band, restricted, deceased, created_at)
            SELECT id, gen_random_uuid(), %s, id, first, last, string_to_array(forms, ' '), fold, postcode,
                   lower(postcode), member, 18, false, false, now() FROM known
            """,
            [where],
        )
        for channel, column in ((1, "email"), (2, "phone")):
            cursor.execute(
                f"""
                INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind,
                                              problem, created_at)
                SELECT gen_random_uuid(), %s, id, {channel}, {column}, {column}, 1, 0, now()
                FROM known WHERE {column} <> ''
                """,
                [where],
            )
        cursor.execute("DROP TABLE known")
    return ids


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield (
                row["id"],
                row["first_name"],
                row["last_name"],
                " ".join(names.forms(row["first_name"])),
                names.fold(row["last_name"]),
                postcodes.fold(row["postcode"]),
                row["membership_number"],
                addresses.fold(row["email"]),
                phones.normalise(row["phone"]) or "",
            )


def _run(*arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "_matching_run.py"), *arguments],
        env=os.environ | {"COALESCE_LOGIN": "worker", "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return ran.stdout


def _links() -> set[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(supporter_id), max(supporter_id) FROM crm_link GROUP BY person_id HAVING count(*) = 2"
        )
        return set(cursor.fetchall())
