"""The functions that give totals of campaigns of several organisations: rounded, hidden under ten, counted once.

Migrations depend on them: add, never change.
"""

from __future__ import annotations

FUNCTIONS = """
    ALTER TABLE mailings_figures ENABLE ROW LEVEL SECURITY;
    ALTER TABLE mailings_figures FORCE ROW LEVEL SECURITY;
    CREATE POLICY platform ON mailings_figures TO coalesce_platform, coalesce_owner USING (true);
    GRANT SELECT ON mailings_figures TO coalesce_platform;

    CREATE FUNCTION mailings_rounded(number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
        SET search_path = public, pg_temp AS $$ SELECT CASE WHEN number >= 10 THEN round(number, -1)::bigint END $$;

    -- Counts a campaign that is done, unless it is counted already.
    CREATE FUNCTION mailings_count_figures(whose bigint) RETURNS void LANGUAGE sql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        INSERT INTO mailings_figures (campaign_id, messages, overlap, sent, refused, counted_at)
        SELECT c.id, d.messages, coalesce(o.overlap, 0), d.sent, d.refused, now()
        FROM mailings_campaign c,
             LATERAL (SELECT count(*) AS messages, count(*) FILTER (WHERE status = 1) AS sent,
                             count(*) FILTER (WHERE status = 3) AS refused
                      FROM mailings_delivery WHERE campaign_id = c.id) d,
             LATERAL (SELECT count(*) AS overlap FROM (
                          SELECT k.mailbox FROM mailings_audience a
                          JOIN crm_addresskey k ON k.contact_point_id = a.contact_point_id
                          WHERE a.campaign_id = c.id AND a.reasons = 0
                          GROUP BY k.mailbox HAVING count(DISTINCT a.organisation_id) > 1) b) o
        WHERE c.id = whose AND c.mode <> 'own' AND c.state = 'done'
        ON CONFLICT DO NOTHING $$;

    -- For joint organisers: the totals of one campaign. Nobody else gets a row; each look is noted.
    CREATE FUNCTION mailings_joint_figures(whose bigint)
        RETURNS TABLE (messages bigint, overlap bigint, sent bigint, refused bigint)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM crm_organisation o WHERE o.id = app_organisation() AND NOT o.is_partner) THEN
            RETURN;
        END IF;
        PERFORM mailings_count_figures(whose);
        PERFORM crm_audit_note(1::smallint, 'mailings_campaign', NULL, '{}', 'totals of a campaign sent together');
        RETURN QUERY SELECT mailings_rounded(f.messages), mailings_rounded(f.overlap), mailings_rounded(f.sent),
                            mailings_rounded(f.refused)
                     FROM mailings_figures f WHERE f.campaign_id = whose;
    END $$;

    -- For the steward: the totals of every campaign of several organisations that is done.
    CREATE FUNCTION mailings_steward_figures()
        RETURNS TABLE (name text, sent_at timestamptz, messages bigint, overlap bigint, sent bigint, refused bigint)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM crm_steward_note('figures', ARRAY(
            SELECT c.public_id FROM mailings_campaign c WHERE c.mode <> 'own' AND c.state = 'done'));
        PERFORM mailings_count_figures(c.id) FROM mailings_campaign c WHERE c.mode <> 'own' AND c.state = 'done';
        RETURN QUERY
            SELECT c.name::text, c.started_at, mailings_rounded(f.messages), mailings_rounded(f.overlap),
                   mailings_rounded(f.sent), mailings_rounded(f.refused)
            FROM mailings_figures f JOIN mailings_campaign c ON c.id = f.campaign_id ORDER BY c.id DESC;
    END $$;

    -- How far a campaign is. Of several organisations: rounded to tens, and NULL under ten.
    CREATE OR REPLACE FUNCTION mailings_progress(campaign bigint) RETURNS TABLE (done bigint, everything bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT CASE WHEN c.mode = 'own' THEN p.done ELSE mailings_rounded(p.done) END,
               CASE WHEN c.mode = 'own' THEN p.everything ELSE mailings_rounded(p.everything) END
        FROM mailings_campaign c,
             LATERAL (SELECT count(*) FILTER (WHERE d.status <> 0) AS done, count(*) AS everything
                      FROM mailings_delivery d WHERE d.campaign_id = c.id) p
        WHERE c.id = campaign AND (c.mode = 'coordinated' OR c.organisation_id = app_organisation()) $$;

    REVOKE ALL ON FUNCTION mailings_count_figures(bigint), mailings_joint_figures(bigint),
        mailings_steward_figures() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION mailings_joint_figures(bigint) TO coalesce_staff;
    GRANT EXECUTE ON FUNCTION mailings_steward_figures() TO coalesce_steward;
"""
