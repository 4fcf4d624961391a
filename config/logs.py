"""What a log says of a failure: where and of what kind, never with which values (house rule 11).

A database's error quotes the row it refused, a parser's the text it could not read, a relay's the address. So the
messages of exceptions are left out, but of kinds that speak of code, settings and servers alone.
"""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TypeAlias

import kombu.exceptions
import psycopg
import redis.exceptions
from django.core.exceptions import ImproperlyConfigured

SPEAK_OF_CODE = (AttributeError, ImportError, ImproperlyConfigured, NameError, TypeError)
SPEAK_OF_SERVERS = (
    kombu.exceptions.OperationalError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)
_Raised: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class QuietFormatter(logging.Formatter):
    """Formats a record, with the traceback of its exception and all that led to it, without their values."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, and the traceback below it. The record itself is left as other handlers want it."""
        quiet = logging.makeLogRecord({**record.__dict__, "exc_text": None})
        if (
            isinstance(record.args, Mapping) and "exc" in record.args
        ):  # Celery's, of a task that failed
            error = record.exc_info[1] if record.exc_info else None
            quiet.args = {**record.args, "exc": kind(error) if error else "", "traceback": ""}
        return super().format(quiet)

    def formatException(self, ei: _Raised) -> str:
        """Give the traceback of an exception and of what led to it, the first cause first."""
        return "\n".join(_lines(ei[1])) if ei[1] else ""


def kind(error: BaseException) -> str:
    """Say what kind of failure it is, and what else can be said of it without values."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    told = _told(error)
    return f"{name}: {told}" if told else name


def _told(error: BaseException) -> str:
    if isinstance(error, psycopg.Error):
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            return str(error)  # the server could not be reached
        known = (
            error.sqlstate,
            error.diag.table_name,
            error.diag.column_name,
            error.diag.constraint_name,
        )
        return " ".join(word for word in known if word)
    if isinstance(error, (*SPEAK_OF_CODE, *SPEAK_OF_SERVERS)):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, "")  # smtplib's errors have a reply's code here
    return ""


def _lines(error: BaseException) -> Iterator[str]:
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _lines(earlier)
        yield "which led to:"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip("\n") for line in traceback.format_tb(error.__traceback__))
    yield kind(error)
