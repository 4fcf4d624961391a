"""Rewrites the tables that erasures emptied, so that the database's own files hold no older version of their rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection
from psycopg import sql

TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')
    ORDER BY c.relname
"""


class Command(BaseCommand):
    """`vacuum_erased`: safe to repeat; each table is locked while it is rewritten."""

    help = (
        "Rewrite all tables without the rows that were changed or deleted. "
        "Run it as the owner, while the workers are stopped."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rewrite table by table, and then what the planner remembers of their values."""
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            tables = [name for (name,) in cursor.fetchall()]
            if not tables:
                raise CommandError(
                    "This login owns no table: run it as the owner, with COALESCE_LOGIN=owner."
                )
            for table in tables:
                cursor.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(table)))
            try:
                cursor.execute("VACUUM FULL pg_catalog.pg_statistic")
            except ProgrammingError as error:
                raise CommandError(
                    "The tables are rewritten. This login does not own the database, so its owner must run: "
                    "VACUUM FULL pg_catalog.pg_statistic"
                ) from error
        self.stdout.write(
            f"{len(tables)} tables are rewritten. If others were at work meanwhile, run it again: what they could "
            "still see is kept for them. The write-ahead log and backups hold what was there until they have had "
            "their time."
        )
