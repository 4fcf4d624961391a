"""Statements that keep the prepared entries of matching (crm/matching/prepared.py), a part of a layer in each row."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.db import connection

DAYS = 7  # for which what was prepared may hold a name or an address that was put right since
# Rows out: whether somebody was taken off a list since the tickets in `seen` were read.
_SOMEBODY_LEFT = """
    SELECT EXISTS (
        SELECT FROM crm_unmatched u LEFT JOIN seen t USING (ticket)
        WHERE t.ticket IS NULL
          AND NOT EXISTS (SELECT FROM crm_supporter s WHERE s.id = u.supporter_id AND s.erased_at IS NULL))
"""


def expire() -> None:
    """Keep nothing of what was prepared once a part of it is too old: a layer is of use only with those below it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM crm_prepared
            WHERE EXISTS (SELECT FROM crm_prepared WHERE made_at < now() - make_interval(days => %s))
            """,
            [DAYS],
        )


def read(folder: Path, *, forms: str) -> bool:
    """Write each part into `folder`, named by its layer; give whether there were any, all of these forms."""
    found = False
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DECLARE part NO SCROLL CURSOR FOR
            SELECT layer, id, body FROM crm_prepared
            WHERE NOT EXISTS (SELECT FROM crm_prepared WHERE forms <> %s)
            """,
            [forms],
        )
        while True:  # one at a time, and all as they were at one moment
            cursor.execute("FETCH NEXT FROM part")
            part = cursor.fetchone()
            if part is None:
                break
            layer, number, body = part
            (folder / f"{layer}-{number}.parquet").write_bytes(body)
            found = True
        cursor.execute("CLOSE part")
    return found


def store(files: Iterable[Path], *, forms: str, stay: list[int]) -> None:
    """Keep these files as the newest layer above those that `stay`, and no other.

    Nothing at all where somebody was taken off a list since the tickets in `seen` were read: a trigger took the layers
    away, and the next run reads the lists. The trigger waits for the lock, so that nobody leaves between the look and
    the keeping.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE crm_prepared IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(_SOMEBODY_LEFT)
        if cursor.fetchone() == (True,):
            cursor.execute("DELETE FROM crm_prepared")
            return
        cursor.execute("DELETE FROM crm_prepared WHERE layer <> ALL(%s)", [stay])
        for file in files:
            cursor.execute(
                "INSERT INTO crm_prepared (layer, forms, body, made_at) VALUES (%s, %s, %s, now())",
                [max(stay, default=0) + 1, forms, file.read_bytes()],
            )
