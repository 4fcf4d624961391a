"""A worker that is killed (`kill -9`) at `--kills` (20) random points while it applies `--rows` (100,000).

SOCR imports the file undisturbed, NEU the same file with a worker that is killed and started again. Afterwards every
table of the one must hold what that of the other holds, ids and times aside.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.db import connection

from benchmarks import filling
from benchmarks.imports import list_of
from crm import wall
from crm.models import Organisation, Statement
from crm.services import organisations
from imports import services
from imports.models import Import

SEED = 11
_WORKER = """
import django
django.setup()
from imports import services
from imports.models import Import
services.apply(file=Import.objects.get(pk={pk}))
"""
_PERSON = """
    SELECT s.id, coalesce(min(cp.folded), '') AS key FROM crm_supporter s
    LEFT JOIN crm_contactpoint cp ON cp.supporter_id = s.id WHERE s.organisation_id = %(whose)s GROUP BY s.id
"""
_TABLES = {
    "supporters": "s.first_name, s.last_name, s.name_forms, s.last_fold, s.postcode, s.postcode_fold, s.external_id, "
    "s.relationship, s.age_band, s.canonical_id = s.id FROM crm_supporter s JOIN person p ON p.id = s.id",
    "contact points": "c.channel, c.address, c.folded, c.kind, c.problem FROM crm_contactpoint c "
    "JOIN person p ON p.id = c.supporter_id",
    "keys": "k.address_key, k.mailbox FROM crm_addresskey k JOIN crm_contactpoint c ON c.id = k.contact_point_id "
    "JOIN person p ON p.id = c.supporter_id",
    "records": "r.line, r.first_name, r.last_name, r.email, r.phone, r.postcode, r.relationship, r.age_band, r.roles, "
    "r.tags, r.action, r.occurred_at, r.data FROM crm_record r JOIN person p ON p.id = r.supporter_id",
    "roles": "r.role_id FROM crm_supporterrole r JOIN person p ON p.id = r.supporter_id",
    "tags": "t.name FROM crm_supportertag g JOIN crm_tag t ON t.id = g.tag_id JOIN person p ON p.id = g.supporter_id",
    "search terms": "t.term FROM crm_searchterm t JOIN person p ON p.id = t.supporter_id",
    "events": "e.action, e.source, e.source_detail, e.occurred_at, e.address_key, e.mailbox, e.purpose_id IS NULL "
    "FROM crm_consentevent e JOIN person p ON p.id = e.supporter_id",
    "states": "s.granted_at, s.refused_at IS NULL, s.refusal, s.expires_at FROM crm_consentstate s "
    "JOIN crm_contactpoint c ON c.id = s.contact_point_id JOIN person p ON p.id = c.supporter_id",
}


def run(arguments: list[str]) -> dict[str, Any]:
    """Import twice and compare."""
    parser = argparse.ArgumentParser(prog="bin/bench killed_import")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args(arguments)
    filling.organisations_of_the_bench()
    path = list_of(options.rows, 1_000_000)
    file = _started("SOCR", path)
    began = time.perf_counter()
    services.apply(file=file)
    a_stretch = (time.perf_counter() - began) * services.STRETCH / options.rows
    kills = _killed(_started("NEU", path), options.kills, a_stretch)
    ours, theirs = (_digests(code) for code in ("SOCR", "NEU"))
    different = [name for name in ours if ours[name] != theirs[name]]
    for name, (rows, digest) in theirs.items():
        print(f"{name:16} {rows:>9,} rows  {digest}  {'DIFFERS' if name in different else 'equal'}")
    if different:
        raise SystemExit(f"These tables differ: {', '.join(different)}.")
    return {"rows": options.rows, "kills": kills, "tables": len(ours), "different": len(different)}


def _started(code: str, path: Path) -> Import:
    """Bring the file to an organisation and let it be imported."""
    where = Organisation.objects.get(code=code)
    if not Statement.objects.filter(organisation=where).exists():
        organisations.add_wording(organisation=where, code="form", words="Email me.")
    with path.open("rb") as content, wall.scope("keeper", organisation_id=where.pk):
        file = services.upload(
            organisation=where,
            name="list.csv",
            content=content,
            statement=Statement.objects.filter(organisation=where).first(),
            collected_on=None,
            adults_only=False,
            user=None,
        )
    file = services.preview(file=file)
    with wall.scope("keeper", organisation_id=where.pk):
        return services.start(file=file)


def _killed(file: Import, kills: int, a_stretch: float) -> int:
    """Start workers at it and kill them, until it is applied; give how many were killed before they were done.

    `a_stretch`: the seconds that one stretch of the file took at first. Later ones take less, so that some of the
    workers get one written before they die and others none.
    """
    dice, killed = random.Random(SEED), 0
    while Import.objects.get(pk=file.pk).state != Import.State.APPLIED:
        worker = subprocess.Popen([sys.executable, "-c", _WORKER.format(pk=file.pk)])
        if killed >= kills:
            worker.wait()
            continue
        try:  # a worker takes a second to start
            worker.wait(timeout=1 + dice.random() * 0.5 * a_stretch)
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            killed += 1
    return killed


def _digests(code: str) -> dict[str, tuple[int, str]]:
    """Give, of each table, the rows of an organisation and a digest of what they say."""
    whose = {"whose": Organisation.objects.get(code=code).pk}
    found = {}
    with connection.cursor() as cursor:
        for name, columns in _TABLES.items():
            cursor.execute(
                f"""
                WITH person AS ({_PERSON}),
                told AS (SELECT md5((p.key, {columns.replace(" FROM ", ")::text) AS line FROM ", 1)})
                SELECT count(*), md5(string_agg(line, '' ORDER BY line)) FROM told
                """,
                whose,
            )
            rows, digest = cursor.fetchone()
            found[name] = (int(rows), str(digest))
    return found
