"""The statements that put up the wall around a table. Migrations depend on them: add, never change.

Every organisation's table gets FORCE ROW LEVEL SECURITY and a policy on a transaction-local setting whose
absence means no rows (house rule 4). The platform role and the migrations' owner have a policy of their own,
so that no login needs BYPASSRLS.
"""

from __future__ import annotations

from collections.abc import Iterable

OWN = "organisation_id = (SELECT app_organisation())"
SCOPED = "coalesce_staff, coalesce_keeper"


def guard(table: str, *, sees: str = OWN, writes: str | None = None) -> str:
    """Give the SQL that shows the scoped roles only the rows for which `sees` holds.

    `sees` and `writes` are SQL conditions on a row; `writes` (by default the same) must hold of what is written.
    """
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY scoped ON {table} TO {SCOPED} USING ({sees}) WITH CHECK ({writes or sees});
        CREATE POLICY platform ON {table} TO coalesce_platform, coalesce_owner USING (true);
    """


def grant(tables: str, *, staff: str = "", keeper: str = "", platform: str = "ALL") -> str:
    """Give the SQL that lets the roles at some tables (names with commas); an empty word grants nothing."""
    rights = {"staff": staff, "keeper": keeper, "platform": platform}
    return "".join(
        f"GRANT {words} ON {tables} TO coalesce_{role};" for role, words in rights.items() if words
    )


def belongs(table: str, column: str, parent: str, *, suffix: str = "") -> str:
    """Give the SQL of a composite foreign key: (organisation, column) is a row of `parent`."""
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_owner "
        f"FOREIGN KEY (organisation_id, {column}) REFERENCES {parent} (organisation_id, id) {suffix};"
    )


def owned(tables: Iterable[str]) -> str:
    """Give the SQL of the plain foreign key to the organisation, for tables without a parent."""
    return "".join(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_organisation "
        "FOREIGN KEY (organisation_id) REFERENCES crm_organisation (id);"
        for table in tables
    )


def names_the_chain(table: str) -> str:
    """Give the SQL that refuses rows whose `key_id` is not the database's own (decision 0004); empty is let pass."""
    return f"""
        CREATE TRIGGER names_the_chain AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION crm_check_chain();
    """
