"""Which columns take part in matching, and the forms in which their values are compared."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow

from crm.identity import addresses, names, phones

COLUMNS = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "postcode",
    "street_number",
    "address_line_1",
    "address_line_2",
    "town",
    "state",
    "date_of_birth",
    "membership_number",
)

_ASCII = r"^[\x20-\x7e]*$"
_PLAIN = "regexp_replace(lower(strip_accents({0})), '[^a-z0-9]+', ' ', 'g')"
_DIGITS = "regexp_replace(date_of_birth, '[^0-9]', '', 'g')"
_DAY_FIRST = r"^\s*[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}"


def compare_forms(connection: duckdb.DuckDBPyConnection, raw: str) -> None:
    """Make the table `entry` of `raw`: each value in the form in which it is compared.

    `raw` has `unique_id` (a number), `is_new`, `issuer` (whose list it is: two lists may number their people each in
    its own way) and all of COLUMNS as text, null or empty where nothing is known. An inbox of an office is nobody's
    key and becomes null. Names, and addresses and telephones that are not of the plain kind, go through crm.identity
    once for each different value.
    """
    _known(
        connection,
        raw,
        "first_name",
        "first_forms",
        lambda text: list(names.forms(text)),
        "VARCHAR[]",
    )
    _known(connection, raw, "last_name", "last_folded", names.fold, "VARCHAR")
    _known(
        connection,
        raw,
        "email",
        "email_wide",
        _inbox,
        "VARCHAR",
        f"NOT regexp_matches(email, '{_ASCII}')",
    )
    _known(
        connection, raw, "phone", "phone_e164", phones.normalise, "VARCHAR", f"{_BRITISH} IS NULL"
    )
    roles = ", ".join(f"'{name}'" for name in sorted(addresses.ROLE_MAILBOXES))
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE entry AS
        WITH spelt AS (
            SELECT r.unique_id, r.is_new, r.issuer,
                   nullif(regexp_replace(f.first_forms_plain, ' .*$', ''), '') AS first_name,
                   f.first_forms AS name_forms,
                   nullif(l.last_folded, '') AS last_name,
                   coalesce(e.email_wide, {_WIDE}) AS inbox,
                   coalesce(p.phone_e164, {_BRITISH}) AS phone,
                   nullif(regexp_replace(upper(r.postcode), '[^A-Z0-9]', '', 'g'), '') AS postcode,
                   {_plain("street_number")}, {_plain("address_line_1")}, {_plain("address_line_2")},
                   {_plain("town")}, {_plain("state")},
                   nullif(CASE WHEN regexp_matches(date_of_birth, '{_DAY_FIRST}')
                          THEN {_DIGITS}[5:8] || {_DIGITS}[3:4] || {_DIGITS}[1:2] ELSE {_DIGITS}[1:8] END, '')
                       AS date_of_birth,
                   nullif(regexp_replace(upper(membership_number), '[^A-Z0-9]', '', 'g'), '') AS membership_number
            FROM {raw} r
            LEFT JOIN known_first_name f ON f.value = r.first_name
            LEFT JOIN known_last_name l ON l.value = r.last_name
            LEFT JOIN known_email e ON e.value = r.email
            LEFT JOIN known_phone p ON p.value = r.phone
        )
        SELECT * EXCLUDE (inbox),
               CASE WHEN len(inbox) < 3 OR translate(split_part(inbox, '@', 1), '0123456789.-_', '') IN ({roles})
                    THEN NULL ELSE inbox END AS email,
               CASE WHEN len(postcode) > 4 THEN left(postcode, len(postcode) - 3) ELSE postcode END AS district
        FROM spelt
        """
    )


_DIALLED = "translate(r.phone, ' ().-/', '')"
_BRITISH = (  # most are of one form already, which is told faster
    "CASE WHEN length(r.phone) = 13 AND starts_with(r.phone, '+44') AND r.phone[4] <> '0' "
    "AND TRY_CAST(r.phone[2:] AS BIGINT) IS NOT NULL THEN r.phone "
    f"WHEN regexp_full_match({_DIALLED}, '(0|[+]44|0044|[+]440)[1-9][0-9]{{9}}') "
    f"THEN '+44' || right({_DIALLED}, 10) END"
)
_FOLDED = "lower(trim(r.email))"
_UNTAGGED = f"split_part(split_part({_FOLDED}, '@', 1), '+', 1)"
_WIDE = (
    f"nullif(CASE WHEN regexp_matches({_FOLDED}, '@(gmail|googlemail)[.]com$') "
    f"THEN replace({_UNTAGGED}, '.', '') || '@gmail.com' "
    f"WHEN contains(r.email, '+') THEN {_UNTAGGED} || '@' || split_part({_FOLDED}, '@', 2) ELSE {_FOLDED} END, '')"
)


def _plain(column: str) -> str:
    return f"nullif(trim({_PLAIN.format(f'r.{column}')}), '') AS {column}"


def _inbox(text: str) -> str:
    return addresses.widen(addresses.fold(addresses.clean(text)))


def _known(
    connection: duckdb.DuckDBPyConnection,
    raw: str,
    column: str,
    named: str,
    function: Callable[[str], object],
    kind: str,
    where: str = "true",
) -> None:
    """Make the table `known_<column>`: each different value, and what the function gives for it."""
    found = connection.execute(
        f"SELECT DISTINCT {column} FROM {raw} r WHERE {column} <> '' AND {where}"
    ).fetchall()
    values = [value for (value,) in found]
    made = [function(value) for value in values]
    plain = (
        [names.fold(value) for value in values] if named == "first_forms" else [None] * len(values)
    )
    listed = pyarrow.table(
        {
            "value": pyarrow.array(values, pyarrow.string()),
            named: pyarrow.array(
                made, pyarrow.list_(pyarrow.string()) if kind.endswith("[]") else pyarrow.string()
            ),
            f"{named}_plain": pyarrow.array(plain, pyarrow.string()),
        }
    )
    connection.register("listed", listed)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_{column} AS SELECT * FROM listed")
    connection.unregister("listed")
