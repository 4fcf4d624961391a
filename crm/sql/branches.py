"""The statements that narrow an officer to their branch. Migrations depend on them: add, never change.

An officer's role has the rights and policies of staff by inheritance; the policies here are restrictive and
for that role alone, so that whoever looks after the whole organisation pays nothing for them.
"""

from __future__ import annotations


def narrow(table: str, condition: str, *, only: str = "ALL") -> str:
    """Give the SQL that shows officers only the rows for which `condition` holds."""
    return (
        f"CREATE POLICY branch ON {table} AS RESTRICTIVE FOR {only} TO coalesce_officer "
        f"USING ({condition});"
    )


def of_supporter(table: str, column: str = "supporter_id") -> str:
    """Give the SQL that shows officers only the rows that hang on supporters of their branch."""
    return narrow(table, f"{column} IN (SELECT s.id FROM crm_supporter s)")


FUNCTIONS = """
    CREATE FUNCTION app_branch() RETURNS smallint LANGUAGE sql STABLE PARALLEL SAFE
        AS $$ SELECT nullif(current_setting('app.branch', true), '')::smallint $$;
"""

# A view reads as its owner, so it says itself what officers see; without a branch that is nothing.
OF_THE_BRANCH = """((SELECT current_user) <> 'coalesce_officer' OR supporter_id IN (
    SELECT s.id FROM crm_supporter s WHERE s.organisation_id = (SELECT app_organisation())
                                       AND s.branch_id = (SELECT app_branch())))"""

HISTORY = f"""
    CREATE OR REPLACE VIEW crm_consenthistory WITH (security_barrier) AS
        SELECT id, organisation_id, supporter_id, contact_point_id, reach, purpose_id, channel, action, source,
               source_detail, statement_id, occurred_at, occurred_until, recorded_at, paused_until, actor_id,
               second_actor_id, batch_id, act_id, confirms_id, corrects_id, evidence
        FROM crm_consentevent WHERE organisation_id = app_organisation() AND {OF_THE_BRANCH};
"""

POLICIES = (
    narrow("crm_supporter", "branch_id = (SELECT app_branch())")
    + "".join(
        of_supporter(table)
        for table in (
            "crm_contactpoint",
            "crm_searchterm",
            "crm_supporterrole",
            "crm_supportertopic",
            "crm_supportertag",
            "crm_record",
            "crm_consentevent",
        )
    )
    + of_supporter("crm_merge", "kept_id")
    + narrow("crm_consentstate", "contact_point_id IN (SELECT c.id FROM crm_contactpoint c)")
    + narrow("crm_addresskey", "contact_point_id IN (SELECT c.id FROM crm_contactpoint c)")
    + narrow(
        "crm_evidencenote", "digest IN (SELECT h.evidence FROM crm_consenthistory h)", only="SELECT"
    )
    # What is about the whole organisation: its exports, and who did what.
    + narrow("crm_export", "false")
    + narrow("crm_auditentry", "false")
)
