"""The functions that give totals of campaigns of several organisations with what receiving servers reported.

They take the place of those in mailings/sql/figures.py. Migrations depend on them: add, never change.
"""

from __future__ import annotations

FUNCTIONS = """
    -- Counts, once and a week after a campaign was done, what receiving servers reported of it.
    CREATE FUNCTION mailings_count_reported(whose bigint) RETURNS void LANGUAGE sql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        UPDATE mailings_figures f SET delivered = d.delivered, bounced = d.bounced, complained = d.complained
        FROM mailings_campaign c,
             LATERAL (SELECT count(*) FILTER (WHERE outcome = 2) AS delivered,
                             count(*) FILTER (WHERE outcome = 4) AS bounced,
                             count(*) FILTER (WHERE outcome = 6) AS complained
                      FROM mailings_delivery WHERE campaign_id = c.id) d
        WHERE c.id = whose AND f.campaign_id = c.id AND f.delivered IS NULL
          AND c.finished_at < now() - interval '7 days' $$;

    -- For joint organisers: the totals of one campaign. Nobody else gets a row; each look is noted.
    CREATE FUNCTION mailings_joint_totals(whose bigint)
        RETURNS TABLE (messages bigint, overlap bigint, sent bigint, refused bigint, is_week_old boolean,
                       delivered bigint, bounced bigint, complained bigint)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM crm_organisation o WHERE o.id = app_organisation() AND NOT o.is_partner) THEN
            RETURN;
        END IF;
        PERFORM mailings_count_figures(whose);
        PERFORM mailings_count_reported(whose);
        PERFORM crm_audit_note(1::smallint, 'mailings_campaign', NULL, '{}', 'totals of a campaign sent together');
        RETURN QUERY SELECT mailings_rounded(f.messages), mailings_rounded(f.overlap), mailings_rounded(f.sent),
                            mailings_rounded(f.refused), f.delivered IS NOT NULL, mailings_rounded(f.delivered),
                            mailings_rounded(f.bounced), mailings_rounded(f.complained)
                     FROM mailings_figures f WHERE f.campaign_id = whose;
    END $$;

    -- For the steward: the totals of every campaign of several organisations that is done.
    CREATE FUNCTION mailings_steward_totals()
        RETURNS TABLE (name text, sent_at timestamptz, messages bigint, overlap bigint, sent bigint, refused bigint,
                       is_week_old boolean, delivered bigint, bounced bigint, complained bigint)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM crm_steward_note('figures', ARRAY(
            SELECT c.public_id FROM mailings_campaign c WHERE c.mode <> 'own' AND c.state = 'done'));
        PERFORM mailings_count_figures(c.id) FROM mailings_campaign c WHERE c.mode <> 'own' AND c.state = 'done';
        PERFORM mailings_count_reported(c.id) FROM mailings_campaign c WHERE c.mode <> 'own' AND c.state = 'done';
        RETURN QUERY
            SELECT c.name::text, c.started_at, mailings_rounded(f.messages), mailings_rounded(f.overlap),
                   mailings_rounded(f.sent), mailings_rounded(f.refused), f.delivered IS NOT NULL,
                   mailings_rounded(f.delivered), mailings_rounded(f.bounced), mailings_rounded(f.complained)
            FROM mailings_figures f JOIN mailings_campaign c ON c.id = f.campaign_id ORDER BY c.id DESC;
    END $$;

    DROP FUNCTION mailings_joint_figures(bigint);
    DROP FUNCTION mailings_steward_figures();
    REVOKE ALL ON FUNCTION mailings_count_reported(bigint), mailings_joint_totals(bigint), mailings_steward_totals()
        FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION mailings_joint_totals(bigint) TO coalesce_staff;
    GRANT EXECUTE ON FUNCTION mailings_steward_totals() TO coalesce_steward;
"""
