"""Sessions in the database, of which a request reaches its own: who cannot name a session cannot read it."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection


class SessionStore(db.SessionStore):
    """Django's own, which names the session to the database before it touches the row."""

    @classmethod
    def get_model_class(cls) -> type[Any]:
        """Give Django's own model: the table is the same."""
        return db.SessionStore.get_model_class()

    def _get_session_from_db(self) -> Any:
        _name(self.session_key)
        return super()._get_session_from_db()  # type: ignore[misc]

    def save(self, must_create: bool = False) -> None:
        """Save the session under its key."""
        if self.session_key is not None:
            _name(self.session_key)
        super().save(must_create=must_create)

    def delete(self, session_key: str | None = None) -> None:
        """Delete a session by its key, or this one."""
        _name(session_key or self.session_key)
        super().delete(session_key)

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session of this key."""
        _name(session_key)
        return bool(super().exists(session_key))


def _name(key: str | None) -> None:
    """Tell the policy on sessions which one is meant, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.session', %s, true)", [key or ""])
