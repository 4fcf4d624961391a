"""The statements that let the database note who did what. Migrations depend on them: add, never change."""

from __future__ import annotations


def audit(
    table: str, *, staff_only: bool, hides: str = "", secret: str = "", to: str = "crm_audit"
) -> str:
    """Give the SQL that notes each change of a row of `table`.

    `staff_only`: only what somebody signed in does, so that imports and the fold pay next to nothing (their
    batch and the ledger are their audit). `hides`: columns that are derived or heavy and not noted; `secret`:
    columns of which only the change is noted. Names with commas.
    """
    when = "WHEN (current_setting('app.user', true) <> '')" if staff_only else ""
    return f"""
        CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW {when}
        EXECUTE FUNCTION {to}('{hides}', '{secret}');
    """


FUNCTIONS = """
    CREATE FUNCTION crm_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE
        hidden text[] := string_to_array('id,public_id,organisation_id,created_at,updated_at,' || TG_ARGV[0], ',');
        secret text[] := string_to_array(TG_ARGV[1], ',');
        was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
        is_now jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END;
        row_now jsonb := CASE WHEN TG_OP = 'DELETE' THEN was ELSE is_now END;
        acting smallint := app_organisation();
        whose smallint := CASE TG_TABLE_NAME WHEN 'crm_organisation' THEN (row_now->>'id')::smallint
                          ELSE (row_now->>'organisation_id')::smallint END;
        changed jsonb;
        organisations smallint[];
    BEGIN
        SELECT coalesce(jsonb_object_agg(k, CASE WHEN k = ANY(secret) THEN 'null'::jsonb
                                            ELSE jsonb_build_array(was->k, is_now->k) END), '{}')
        INTO changed
        FROM jsonb_object_keys(was || is_now) k
        WHERE NOT k = ANY(hidden) AND was->k IS DISTINCT FROM is_now->k
          AND NOT (TG_OP <> 'UPDATE' AND coalesce(row_now->k, 'null') IN ('null', '""', 'false', '[]', '{}'));
        IF TG_OP = 'UPDATE' AND changed = '{}' THEN
            RETURN NULL;
        END IF;
        IF TG_TABLE_NAME = 'crm_user' THEN
            -- An account is known to each organisation that its owner works for.
            SELECT array_agg(m.organisation_id) INTO organisations
            FROM crm_membership m WHERE m.user_id = (row_now->>'id')::bigint;
        ELSIF whose IS NULL OR (acting <> whose AND EXISTS (
                SELECT FROM crm_organisation o WHERE o.id = whose AND NOT o.is_partner)) THEN
            -- What is everybody's, and the brief of a shared campaign, is noted with those who changed it.
            organisations := ARRAY[acting];
        ELSE
            organisations := ARRAY[whose];
        END IF;
        INSERT INTO crm_auditentry (public_id, organisation_id, user_id, at, kind, "table", "row", supporter_id,
                                    changes, reason)
        SELECT gen_random_uuid(), o, app_user(), clock_timestamp(),
               CASE TG_OP WHEN 'INSERT' THEN 3 WHEN 'UPDATE' THEN 4 ELSE 5 END, TG_TABLE_NAME,
               coalesce(row_now->>'id', ''),
               CASE TG_TABLE_NAME WHEN 'crm_supporter' THEN (row_now->>'id')::bigint
                    ELSE (row_now->>'supporter_id')::bigint END,
               changed, ''
        FROM unnest(organisations) o WHERE o IS NOT NULL;
        RETURN NULL;
    END $$;

    -- Tags are given to everyone in a segment at once: one statement notes them all.
    CREATE FUNCTION crm_audit_tags() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE added boolean := TG_OP = 'INSERT';
    BEGIN
        INSERT INTO crm_auditentry (public_id, organisation_id, user_id, at, kind, "table", "row", supporter_id,
                                    changes, reason)
        SELECT gen_random_uuid(), organisation_id, app_user(), clock_timestamp(), CASE WHEN added THEN 3 ELSE 5 END,
               TG_TABLE_NAME, '', supporter_id,
               jsonb_build_object('tag_id', CASE WHEN added THEN jsonb_build_array(NULL, tag_id)
                                                 ELSE jsonb_build_array(tag_id, NULL) END), ''
        FROM changed;
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit_added AFTER INSERT ON crm_supportertag REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT WHEN (current_setting('app.user', true) <> '') EXECUTE FUNCTION crm_audit_tags();
    CREATE TRIGGER audit_removed AFTER DELETE ON crm_supportertag REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT WHEN (current_setting('app.user', true) <> '') EXECUTE FUNCTION crm_audit_tags();

    -- What is looked at and what is exported, by the one who is signed in, for the organisation they work in.
    CREATE FUNCTION crm_audit_note(what smallint, about text, whose bigint, details jsonb, why text) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        INSERT INTO crm_auditentry (public_id, organisation_id, user_id, at, kind, "table", "row", supporter_id,
                                    changes, reason)
        SELECT gen_random_uuid(), app_organisation(), app_user(), clock_timestamp(), what, about, '', whose,
               details, why
        WHERE what IN (1, 2) $$;
    REVOKE ALL ON FUNCTION crm_audit_note(smallint, text, bigint, jsonb, text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_audit_note(smallint, text, bigint, jsonb, text)
        TO coalesce_staff, coalesce_keeper, coalesce_platform;

    -- The one change that is let through empties values and touches nothing else: who, when and which columns stay.
    CREATE FUNCTION crm_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE'
           AND to_jsonb(NEW) - 'changes' = to_jsonb(OLD) - 'changes'
           AND NEW.changes = (SELECT coalesce(jsonb_object_agg(k, NULL), '{}') FROM jsonb_object_keys(OLD.changes) k)
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'The audit is append-only: an erasure may empty its values, and nothing else.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON crm_auditentry
        FOR EACH ROW EXECUTE FUNCTION crm_audit_append_only();
    CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON crm_auditentry
        FOR EACH STATEMENT EXECUTE FUNCTION crm_audit_append_only();

    -- For erasure: empty the values of what was noted about some supporters of one's own organisation.
    CREATE FUNCTION crm_audit_forget(supporters bigint[]) RETURNS bigint LANGUAGE sql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        WITH emptied AS (
            UPDATE crm_auditentry a
            SET changes = (SELECT coalesce(jsonb_object_agg(k, NULL), '{}') FROM jsonb_object_keys(a.changes) k)
            WHERE a.supporter_id = ANY(supporters) AND a.organisation_id = app_organisation() RETURNING 1)
        SELECT count(*) FROM emptied $$;
    REVOKE ALL ON FUNCTION crm_audit_forget(bigint[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_audit_forget(bigint[]) TO coalesce_keeper, coalesce_platform;
"""
