"""The functions by which the steward sees links: masked, and noted in the same call. Add, never change."""

from __future__ import annotations

FUNCTIONS = """
    ALTER TABLE crm_membership ADD CONSTRAINT crm_membership_no_steward
        FOREIGN KEY (user_id, of_steward) REFERENCES crm_user (id, is_steward);

    -- Who may update accounts may not make stewards of them.
    CREATE FUNCTION crm_keep_steward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Only a command makes a steward.' USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER keep_steward BEFORE UPDATE ON crm_user FOR EACH ROW
        WHEN (OLD.is_steward <> NEW.is_steward AND current_user NOT IN ('coalesce_platform', 'coalesce_owner'))
        EXECUTE FUNCTION crm_keep_steward();

    ALTER TABLE crm_stewardview ENABLE ROW LEVEL SECURITY;
    ALTER TABLE crm_stewardview FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON crm_stewardview FOR SELECT TO coalesce_steward USING (user_id = (SELECT app_user()));
    CREATE POLICY platform ON crm_stewardview TO coalesce_platform, coalesce_owner USING (true);
    CREATE FUNCTION crm_steward_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'What a steward looked at is append-only.' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON crm_stewardview
        FOR EACH ROW EXECUTE FUNCTION crm_steward_append_only();
    CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON crm_stewardview
        FOR EACH STATEMENT EXECUTE FUNCTION crm_steward_append_only();

    -- The rows that every request of a steward needs: their account and their session.
    CREATE POLICY steward ON crm_user FOR SELECT TO coalesce_steward USING (id = (SELECT app_user()));
    ALTER POLICY own ON django_session TO coalesce_visitor, coalesce_staff, coalesce_keeper, coalesce_steward;
    GRANT SELECT ON crm_user, crm_stewardview, crm_organisation TO coalesce_steward;
    GRANT SELECT ON crm_stewardview TO coalesce_platform;
    GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO coalesce_steward;

    -- Refuses whoever is no steward, and notes what is about to be shown.
    CREATE FUNCTION crm_steward_note(what text, about uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM crm_user u WHERE u.id = app_user() AND u.is_steward AND u.is_active) THEN
            RAISE EXCEPTION 'Only a steward may see this.' USING ERRCODE = 'insufficient_privilege';
        END IF;
        INSERT INTO crm_stewardview (user_id, at, page, shown) VALUES (app_user(), clock_timestamp(), what, about);
    END $$;

    -- Enough of an address for its owner to know it: j•••@g•••.com (as crm/identity/addresses.py masks).
    CREATE FUNCTION crm_mask(address text) RETURNS text LANGUAGE sql IMMUTABLE
        SET search_path = public, pg_temp AS $$
        SELECT left(address, 1) || '•••@' || left(split_part(address, '@', 2), 1) || '•••.'
               || reverse(split_part(reverse(address), '.', 1)) $$;
    CREATE FUNCTION crm_initial(name text) RETURNS text LANGUAGE sql IMMUTABLE
        SET search_path = public, pg_temp AS $$
        SELECT CASE WHEN name = '' THEN '' ELSE upper(left(name, 1)) || '.' END $$;

    -- Persons whom several organisations know, the newest first, before one that is named.
    CREATE FUNCTION crm_steward_links(before uuid, size integer)
        RETURNS TABLE (person uuid, organisation text, initials text, address text, rule text, linked_at timestamptz)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE found bigint[];
    BEGIN
        found := ARRAY(
            SELECT p.id FROM crm_person p
            WHERE (before IS NULL OR p.id < (SELECT b.id FROM crm_person b WHERE b.public_id = before))
              AND (SELECT count(*) FROM crm_link l WHERE l.person_id = p.id) > 1
            ORDER BY p.id DESC LIMIT least(size, 100));
        PERFORM crm_steward_note('links', ARRAY(SELECT p.public_id FROM crm_person p WHERE p.id = ANY(found)));
        RETURN QUERY SELECT m.* FROM crm_steward_masked(found) m;
    END $$;

    CREATE FUNCTION crm_steward_link(named uuid)
        RETURNS TABLE (person uuid, organisation text, initials text, address text, rule text, linked_at timestamptz)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM crm_steward_note('link', ARRAY[named]);
        RETURN QUERY SELECT m.* FROM crm_steward_masked(
            ARRAY(SELECT p.id FROM crm_person p WHERE p.public_id = named)) m;
    END $$;

    -- A line for each organisation and address.
    CREATE FUNCTION crm_steward_masked(people bigint[])
        RETURNS TABLE (person uuid, organisation text, initials text, address text, rule text, linked_at timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT p.public_id, o.name::text, crm_initial(s.first_name) || crm_initial(s.last_name),
               coalesce(crm_mask(cp.address), ''), l.rule::text, l.created_at
        FROM crm_person p
        JOIN crm_link l ON l.person_id = p.id
        JOIN crm_supporter s ON s.id = l.supporter_id
        JOIN crm_organisation o ON o.id = l.organisation_id
        LEFT JOIN crm_contactpoint cp ON cp.supporter_id = s.id AND cp.organisation_id = s.organisation_id
            AND cp.channel = 1 AND cp.retired_at IS NULL
        WHERE p.id = ANY(people)
        ORDER BY p.id DESC, o.name, cp.id $$;

    REVOKE ALL ON FUNCTION crm_steward_note(text, uuid[]), crm_steward_links(uuid, integer), crm_steward_link(uuid),
        crm_steward_masked(bigint[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_steward_links(uuid, integer), crm_steward_link(uuid) TO coalesce_steward;
"""
