"""The last asking before each message: one prepared statement that moves the cursor and asks the gate."""

from __future__ import annotations

import hashlib
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from psycopg import ClientCursor, OperationalError, errors, pq

from crm import consent
from crm.models import ContactPoint
from crm.reasons import Reason
from mailings.sql import queue

_PREFIX = "asking_"
_KEPT = 8  # statements that a connection keeps from chunk to chunk; each holds a plan


@contextmanager
def swift_session() -> Iterator[None]:
    """Make the statement of each message cheap: planned once, and its commit as COALESCE_CURSOR_COMMIT has it."""
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        commit = settings.COALESCE_CURSOR_COMMIT
        cursor.execute("SELECT set_config('synchronous_commit', %s, false)", [commit])
        if len(askings := _prepared()) > _KEPT:  # those of campaigns long sent would gather
            for name in askings:
                cursor.execute(f"DEALLOCATE {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit; RESET plan_cache_mode")


_SOMEBODY = -6_019_270  # stands for the address when the statement is made ready; no row has it
_BROKEN = "The connection to the database broke."


@dataclass(frozen=True, slots=True)
class Asking:
    """The last asking, made ready once for a version: one statement that moves the cursor and asks the gate.

    PostgreSQL keeps its plan: planning the gate anew for each message would cost more than asking it. It is run by
    libpq's own calls, since the way through a cursor takes as long as making a message.
    """

    name: str

    @classmethod
    def about(cls, question: consent.Question) -> Asking:
        """Compile the gate for one address into a prepared statement of this connection."""
        asked = consent.decide(ContactPoint.objects.filter(pk=_SOMEBODY), question)
        sql, parameters = asked.values("reasons").query.sql_with_params()
        connection.ensure_connection()
        gate = ClientCursor(connection.connection).mogrify(sql, parameters)
        statement = f"""
            UPDATE mailings_chunk SET cursor = $1, leased_until = now() + interval '{queue.LEASE}'
            WHERE id = $2 AND token = $3 AND state = 1
            RETURNING (SELECT q.reasons FROM ({gate.replace(str(_SOMEBODY), "$4")}) q(reasons))
            """
        name = f"{_PREFIX}{hashlib.sha256(statement.encode()).hexdigest()[:32]}"
        if name not in _prepared():
            _check(connection.connection.pgconn.prepare(name.encode(), statement.encode()))
        return cls(name)

    def ask(
        self,
        claimed: queue.Claim,
        message: queue.Message,
        *,
        meanwhile: Callable[[], None] | None = None,
    ) -> int:
        """Move the cursor to the message and give every reason, at this moment, not to send it; 0 for none.

        `meanwhile` is done while the database works. Raises LostLeaseError if the chunk is no longer this worker's.
        """
        values = (message.seq, claimed.chunk_id, claimed.token, message.contact_point_id)
        line = connection.connection.pgconn
        line.send_query_prepared(self.name.encode(), [b"%d" % value for value in values])
        found: pq.abc.PGresult | None = None
        try:
            if meanwhile is not None:
                meanwhile()
        finally:  # or the connection could not be used for anything else
            while result := _next_result(line):
                found = result
        if found is None:
            raise OperationalError(_BROKEN)
        _check(found)
        if found.ntuples == 0:
            raise queue.LostLeaseError
        reasons = found.get_value(0, 0)
        return Reason.ADDRESS_INVALID.value if reasons is None else int(reasons)


def _next_result(line: pq.abc.PGconn) -> pq.abc.PGresult | None:
    """Wait for a result, as a signal may interrupt."""
    while line.is_busy():
        select.select([line.socket], [], [])
        line.consume_input()
    return line.get_result()


def _prepared() -> set[str]:
    """Give the names of the askings that this connection holds ready."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE starts_with(name, %s)", [_PREFIX]
        )
        return {name for (name,) in cursor.fetchall()}


def _check(result: pq.abc.PGresult) -> None:
    """Raise what psycopg would, if a statement failed."""
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise errors.error_from_result(result)
