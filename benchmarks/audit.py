"""What the audit costs: bulk work that nobody signed in does should pay next to nothing (decision 10).

Each statement runs with the audit's triggers and without, in turn, and is taken back. `--rows` (200,000).
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from django.db import connection, transaction

from benchmarks import filling
from crm import wall
from crm.models import Organisation, User

REPEATS = 5
TABLES = ("crm_supporter", "crm_contactpoint", "crm_supporterrole")
_ADD = """
    INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind, problem,
        created_at)
    SELECT gen_random_uuid(), organisation_id, id, 2, '07700900' || id, '07700900' || id, 1, 0, now()
    FROM crm_supporter WHERE organisation_id = %s ORDER BY id LIMIT %s
"""
_CHANGE = """
    UPDATE crm_supporter SET postcode = 'GU1 1AB'
    WHERE id IN (SELECT id FROM crm_supporter WHERE organisation_id = %s ORDER BY id LIMIT %s)
"""


def run(arguments: list[str]) -> dict[str, Any]:
    """Give median seconds of adding and changing rows, as an import does and as somebody signed in does."""
    parser = argparse.ArgumentParser(prog="bin/bench audit")
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args(arguments)
    filling.fill(options.rows)
    socr = Organisation.objects.get(code="SOCR")
    user, _ = User.objects.get_or_create(email="bench@example.org")
    result: dict[str, Any] = {"rows": options.rows}
    for name, sql in (("add", _ADD), ("change", _CHANGE)):
        taken: dict[str, list[float]] = {"import": [], "import_without": [], "signed_in": []}
        for _ in range(REPEATS):
            taken["import"].append(_time(sql, socr, options.rows))
            taken["import_without"].append(_time(sql, socr, options.rows, is_audited=False))
            taken["signed_in"].append(_time(sql, socr, options.rows, user_id=user.pk))
        result |= {f"{name}_{who}_s": round(statistics.median(t), 2) for who, t in taken.items()}
    return result


def _time(
    sql: str, where: Organisation, rows: int, *, is_audited: bool = True, user_id: int | None = None
) -> float:
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not is_audited:
                for table in TABLES:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit")
            began = time.perf_counter()
            with wall.scope("keeper", organisation_id=where.pk, user_id=user_id):
                cursor.execute(sql, [where.pk, rows])
            taken = time.perf_counter() - began
        transaction.set_rollback(True)
    return taken
