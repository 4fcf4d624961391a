"""Who waits for a possible duplicate that said stop to be decided of: read by the gate, kept nowhere."""

from django.db import migrations

# Of several branches the planner asks each by an index (match_one, match_other, supporter_merged), for one person as
# for a list. A pair that people hold apart, by whichever of their entries, holds nobody back.
HOLDS = """
    CREATE VIEW crm_reviewhold WITH (security_invoker = true) AS
    SELECT e.organisation_id, e.supporter_id, s.purpose_id, s.refused_at
    FROM (
        SELECT organisation_id, one_id AS supporter_id, other_id AS like_id FROM crm_match
        WHERE tier < 3 AND (decision IS NULL OR decision = 4)
        UNION ALL
        SELECT organisation_id, other_id, one_id FROM crm_match
        WHERE tier < 3 AND (decision IS NULL OR decision = 4)
        UNION ALL
        SELECT m.organisation_id, j.canonical_id, m.other_id
        FROM crm_supporter j JOIN crm_match m ON m.one_id = j.id
        WHERE j.canonical_id <> j.id AND m.tier < 3 AND (m.decision IS NULL OR m.decision = 4)
        UNION ALL
        SELECT m.organisation_id, j.canonical_id, m.one_id
        FROM crm_supporter j JOIN crm_match m ON m.other_id = j.id
        WHERE j.canonical_id <> j.id AND m.tier < 3 AND (m.decision IS NULL OR m.decision = 4)
    ) e
    JOIN crm_supporter l ON l.id = e.like_id AND l.canonical_id <> e.supporter_id
    JOIN crm_contactpoint p ON p.supporter_id IN (l.id, l.canonical_id)
    JOIN crm_consentstate s ON s.contact_point_id = p.id AND s.refusal BETWEEN 3 AND 7
    WHERE NOT EXISTS (
        SELECT FROM crm_match d JOIN crm_supporter a ON a.id = d.one_id JOIN crm_supporter b ON b.id = d.other_id
        WHERE d.organisation_id = e.organisation_id AND d.decided_at IS NOT NULL AND d.decision IN (2, 3)
          AND least(a.canonical_id, b.canonical_id) = least(e.supporter_id, l.canonical_id)
          AND greatest(a.canonical_id, b.canonical_id) = greatest(e.supporter_id, l.canonical_id));
    GRANT SELECT ON crm_reviewhold TO coalesce_staff, coalesce_keeper, coalesce_platform;
    -- A function, so that the gate opens its plan for those few only who are an end of some pair.
    CREATE FUNCTION crm_held_since(who bigint, asked integer) RETURNS timestamptz
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
    BEGIN
        RETURN (SELECT max(refused_at) FROM crm_reviewhold h WHERE h.supporter_id = who AND h.purpose_id = asked);
    END $$;
    REVOKE ALL ON FUNCTION crm_held_since FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_held_since TO coalesce_staff, coalesce_keeper, coalesce_platform;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0075_relationship"),
    ]

    operations = [
        migrations.RunSQL(HOLDS, "DROP FUNCTION crm_held_since; DROP VIEW crm_reviewhold"),
    ]
