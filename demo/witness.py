"""Looks into the database by SQL of its own, so that it and the product can be compared."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import psycopg

from demo.caught import Caught


class Witness:
    """A read-only look at the tables; knows their names and nothing of the code."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(
            url, autocommit=True, options="-c default_transaction_read_only=on"
        )

    def __enter__(self) -> Witness:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def _one(self, sql: str, *values: object) -> Any:
        row = self._connection.execute(sql, values).fetchone()
        return row[0] if row else None

    def people(self, code: str) -> int:
        """Count an organisation's people."""
        return int(
            self._one(
                "SELECT count(*) FROM crm_supporter s JOIN crm_organisation o ON o.id = s.organisation_id "
                "WHERE o.code = %s AND s.canonical_id = s.id",
                code,
            )
        )

    def linked(self) -> list[list[str]]:
        """Give the inboxes of the people who were found on both lists, SOCR's first."""
        found = self._connection.execute(
            """
            SELECT array_agg(lower(c.address) ORDER BY o.code DESC)
            FROM crm_link l JOIN crm_organisation o ON o.id = l.organisation_id
            JOIN crm_contactpoint c ON c.supporter_id = l.supporter_id AND c.channel = 1
            GROUP BY l.person_id HAVING count(*) > 1
            """
        )
        return sorted(pair for (pair,) in found)

    def is_done(self, name: str) -> bool:
        """Tell whether a campaign is sent."""
        return bool(self._one("SELECT state = 'done' FROM mailings_campaign WHERE name = %s", name))

    def sent(self, name: str) -> int:
        """Count a campaign's messages that were handed over."""
        return int(
            self._one(
                "SELECT count(*) FROM mailings_delivery d JOIN mailings_campaign c ON c.id = d.campaign_id "
                "WHERE c.name = %s AND d.status = 1",
                name,
            )
        )

    def every_person_has_a_message_or_a_reason(self, name: str) -> None:
        """Raise RuntimeError if anybody meant by a campaign has neither a reason nor a message to their inbox."""
        without = self._one(
            """
            SELECT count(*) FROM mailings_audience a JOIN mailings_campaign c ON c.id = a.campaign_id
            LEFT JOIN crm_addresskey k ON k.contact_point_id = a.contact_point_id
            WHERE c.name = %s AND a.reasons = 0 AND NOT EXISTS (
                SELECT FROM mailings_delivery d WHERE d.campaign_id = c.id AND d.mailbox = k.mailbox
                  AND d.status IN (1, 2))
            """,
            name,
        )
        if without:
            raise RuntimeError(f"{without} people of “{name}” have neither a message nor a reason.")

    def as_caught(self, name: str) -> list[Caught]:
        """Give the messages of a campaign as the database has them, when somebody else's sink caught them."""
        rows = self._connection.execute(
            """
            SELECT cp.address FROM mailings_delivery d JOIN mailings_campaign c ON c.id = d.campaign_id
            JOIN crm_contactpoint cp ON cp.id = d.contact_point_id WHERE c.name = %s AND d.status = 1
            """,
            [name],
        )
        return [
            Caught(n, "", "", [row[0]], "", name, "", 0, 0) for n, row in enumerate(rows, start=1)
        ]
