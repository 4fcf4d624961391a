"""Statements that find out who the staged rows are."""

from __future__ import annotations

from django.db import connection

from crm.sql.people import compatible

_BOTH_NAMED = """(r.kind <> 3 OR (cardinality(r.name_forms) > 0 AND r.last_fold <> ''
    AND cardinality({other}.name_forms) > 0 AND {other}.last_fold <> ''))"""


def find_known(file_id: int, first: int, last: int) -> None:
    """Name the supporter of each staged row of these lines whom the address and a compatible name name.

    Of several the oldest; the row goes to that entry of theirs which has the address. Uses staged_once and
    contact_point_address.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE imports_stagedrow t SET supporter_id = f.entry
            FROM (
                SELECT DISTINCT ON (r.id) r.id, cp.supporter_id AS entry
                FROM imports_stagedrow r
                JOIN crm_contactpoint cp ON cp.organisation_id = r.organisation_id AND cp.folded = r.folded
                    AND cp.channel = 1
                JOIN crm_supporter e ON e.id = cp.supporter_id
                JOIN crm_supporter s ON s.id = e.canonical_id
                WHERE r.file_id = %s AND r.line BETWEEN %s AND %s AND NOT r.refused
                  AND {compatible("r", "s")} AND {_BOTH_NAMED.format(other="s")}
                ORDER BY r.id, s.id, e.id
            ) f WHERE t.id = f.id
            """,
            [file_id, first, last],
        )


def find_repeated(file_id: int, first: int, last: int) -> None:
    """Point each unknown row at the first unknown row of these lines that is the same person.

    The first fit in the order of lines; a row that points at one which itself points on follows it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE imports_stagedrow t SET same_as = f.earliest
            FROM (
                SELECT r.id, min(o.line) AS earliest
                FROM imports_stagedrow r
                JOIN imports_stagedrow o ON o.file_id = r.file_id AND o.folded = r.folded AND o.line < r.line
                WHERE r.file_id = %(file)s AND r.line BETWEEN %(first)s AND %(last)s
                  AND o.line BETWEEN %(first)s AND %(last)s
                  AND NOT r.refused AND NOT o.refused AND r.supporter_id IS NULL AND o.supporter_id IS NULL
                  AND {compatible("r", "o")} AND {_BOTH_NAMED.format(other="o")}
                GROUP BY r.id
            ) f WHERE t.id = f.id
            """,
            {"file": file_id, "first": first, "last": last},
        )
        while True:
            cursor.execute(
                """
                UPDATE imports_stagedrow t SET same_as = o.same_as
                FROM imports_stagedrow o
                WHERE t.file_id = %s AND t.line BETWEEN %s AND %s
                  AND o.file_id = t.file_id AND o.line = t.same_as AND o.same_as IS NOT NULL
                """,
                [file_id, first, last],
            )
            if not cursor.rowcount:
                return


def mark_erased(file_id: int, first: int, last: int) -> None:
    """Mark the rows whose inbox this organisation erased and whose reader has not come back by a sign-up of their own.

    Nothing is made of them (docs/reference/scenarios.md, 15). Relies on event_mailbox.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE imports_stagedrow t SET erased = EXISTS (
                SELECT FROM crm_consentevent e
                WHERE e.mailbox = t.mailbox AND e.organisation_id = t.organisation_id AND e.action = 8
                  AND NOT EXISTS (
                      SELECT FROM crm_consentevent y JOIN crm_consentevent c ON c.confirms_id = y.id
                      WHERE y.mailbox = e.mailbox AND y.organisation_id = e.organisation_id AND y.id > e.id
                        AND y.action = 1 AND y.source = 1 AND c.action = 11 AND c.source = 1))
            WHERE t.file_id = %s AND t.line BETWEEN %s AND %s AND t.mailbox IS NOT NULL
            """,
            [file_id, first, last],
        )


def judge(file_id: int) -> dict[str, int]:
    """Say what applying each row would do, and count them by outcome and by what happens to permission.

    Run after `find_known` and `find_repeated` over the whole file. Writes nothing to people.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE imports_stagedrow t SET outcome = CASE
                WHEN t.refused THEN 5
                WHEN t.erased THEN 6
                WHEN t.same_as IS NOT NULL THEN 4
                WHEN t.supporter_id IS NULL THEN 1
                WHEN EXISTS (SELECT FROM crm_supporter s WHERE s.id = t.supporter_id
                    AND (t.first_name IN ('', s.first_name) AND t.last_name IN ('', s.last_name)
                         AND t.postcode IN ('', s.postcode) AND t.external_id IN ('', s.external_id)))
                    AND (t.action IS NULL OR EXISTS (SELECT FROM crm_consenthistory e
                         WHERE e.supporter_id = t.supporter_id AND e.action = t.action
                           AND e.occurred_at IS NOT DISTINCT FROM t.occurred_at))
                    AND NOT EXISTS (SELECT FROM unnest(t.roles) r WHERE NOT EXISTS (
                         SELECT FROM crm_supporterrole h WHERE h.supporter_id = t.supporter_id AND h.role_id = r))
                    AND (t.phone = '' OR EXISTS (SELECT FROM crm_contactpoint p
                         WHERE p.supporter_id = t.supporter_id AND p.channel = 2 AND p.folded = t.phone))
                    AND NOT EXISTS (SELECT FROM unnest(t.tags) word WHERE NOT EXISTS (
                         SELECT FROM crm_supportertag h JOIN crm_tag g ON g.id = h.tag_id
                         WHERE h.supporter_id = t.supporter_id AND g.name = word))
                THEN 3 ELSE 2 END
            WHERE t.file_id = %s
            """,
            [file_id],
        )
        cursor.execute(
            """
            SELECT count(*) AS rows,
                   count(*) FILTER (WHERE outcome = 1) AS new,
                   count(*) FILTER (WHERE outcome = 2) AS changed,
                   count(*) FILTER (WHERE outcome = 3) AS unchanged,
                   count(*) FILTER (WHERE outcome = 4) AS repeated,
                   count(*) FILTER (WHERE outcome = 5) AS refused,
                   count(*) FILTER (WHERE action = 1 AND is_taken AND occurred_at IS NOT NULL) AS yes,
                   count(*) FILTER (WHERE action = 1 AND is_taken AND occurred_at IS NULL) AS yes_undated,
                   count(*) FILTER (WHERE action BETWEEN 2 AND 8 AND is_taken) AS no,
                   count(*) FILTER (WHERE bounces AND is_taken) AS bouncing,
                   count(*) FILTER (WHERE erased OR (action IS NULL AND NOT bounces AND is_taken)) AS not_said
            FROM (SELECT *, NOT refused AND NOT erased AS is_taken FROM imports_stagedrow WHERE file_id = %s) r
            """,
            [file_id],
        )
        assert cursor.description is not None
        return dict(
            zip((column.name for column in cursor.description), cursor.fetchone(), strict=True)
        )
