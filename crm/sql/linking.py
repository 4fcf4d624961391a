"""The functions that link supporters of two organisations as one person, and that stop all of a person's addresses.

They run with the owner's rights, and answer nothing to whoever works for an organisation. Migrations depend on them:
add, never change.
"""

from __future__ import annotations

from django.db import connection

FUNCTIONS = """
    -- Everybody who is read as one supporter.
    CREATE FUNCTION crm_entries(who bigint) RETURNS TABLE (id bigint) LANGUAGE sql STABLE
        SET search_path = public, pg_temp AS $$
        SELECT s.id FROM crm_supporter s WHERE s.id = who
        UNION ALL SELECT s.id FROM crm_supporter s WHERE s.canonical_id = who AND s.id <> s.canonical_id $$;

    -- The person to whom a supporter, or whoever is joined in them, is linked.
    CREATE FUNCTION crm_person_of(who bigint) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
        SELECT min(l.person_id) FROM crm_entries(who) e JOIN crm_link l ON l.supporter_id = e.id $$;

    -- Link two supporters; gives why not, or nothing.
    CREATE FUNCTION crm_link_pair(one bigint, other bigint, why text) RETURNS text LANGUAGE plpgsql
        SET search_path = public, pg_temp AS $$
    DECLARE a crm_supporter; b crm_supporter; one_is bigint; other_is bigint; found bigint;
    BEGIN
        SELECT c.* INTO a FROM crm_supporter s JOIN crm_supporter c ON c.id = s.canonical_id WHERE s.id = one;
        SELECT c.* INTO b FROM crm_supporter s JOIN crm_supporter c ON c.id = s.canonical_id WHERE s.id = other;
        IF a.organisation_id = b.organisation_id THEN
            RETURN 'Entries of one organisation are joined, not linked.';
        END IF;
        IF a.id IS NULL OR b.id IS NULL OR a.erased_at IS NOT NULL OR b.erased_at IS NOT NULL THEN
            RETURN 'One of them is no longer there.';
        END IF;
        one_is := crm_person_of(a.id);
        other_is := crm_person_of(b.id);
        IF one_is = other_is THEN
            RETURN '';
        END IF;
        IF one_is IS NOT NULL AND other_is IS NOT NULL OR EXISTS (
            SELECT FROM crm_link l WHERE l.person_id = coalesce(one_is, other_is)
              AND l.organisation_id = CASE WHEN one_is IS NULL THEN a.organisation_id ELSE b.organisation_id END)
        THEN
            RETURN 'One of them is linked to somebody else already. Unlink that first.';
        END IF;
        found := coalesce(one_is, other_is);
        IF found IS NULL THEN
            INSERT INTO crm_person (public_id) VALUES (gen_random_uuid()) RETURNING id INTO found;
        END IF;
        INSERT INTO crm_link (supporter_id, organisation_id, person_id, rule, created_at)
        SELECT s.id, s.organisation_id, found, why, now() FROM (VALUES (a.id, a.organisation_id, one_is),
            (b.id, b.organisation_id, other_is)) s (id, organisation_id, known) WHERE s.known IS NULL;
        RETURN '';
    END $$;

    -- Take a supporter out of a person; where one is left alone, nobody is linked to anybody any more.
    CREATE FUNCTION crm_unlink(who bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE found bigint := crm_person_of(who);
    BEGIN
        DELETE FROM crm_link l USING crm_entries(who) e WHERE l.supporter_id = e.id;
        IF (SELECT count(*) FROM crm_link l WHERE l.person_id = found) < 2 THEN
            DELETE FROM crm_link l WHERE l.person_id = found;
            DELETE FROM crm_person p WHERE p.id = found;
        END IF;
    END $$;
    REVOKE ALL ON FUNCTION crm_entries(bigint), crm_person_of(bigint), crm_link_pair(bigint, bigint, text),
        crm_unlink(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_entries(bigint), crm_person_of(bigint), crm_link_pair(bigint, bigint, text),
        crm_unlink(bigint) TO coalesce_platform;
"""

STOP_PERSON = """
    -- *Stop everything* that was said by a person of the asking organisation: at each other organisation it is
    -- written for whoever is linked with them, and it covers every inbox that nobody but them reads. `inbox` is the
    -- one it was said at, which crm_stop_everything has covered. Protective at once, as there.
    CREATE FUNCTION crm_stop_person(whose bigint, inbox bytea, act uuid, detail text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        me bigint := (SELECT s.canonical_id FROM crm_supporter s
                      WHERE s.id = whose AND s.organisation_id = app_organisation());
        everyone bigint[];
        box record;
    BEGIN
        IF me IS NULL THEN
            RETURN;
        END IF;
        everyone := ARRAY(
            WITH linked AS (
                SELECT DISTINCT s.canonical_id AS who
                FROM crm_entries(me) e JOIN crm_link mine ON mine.supporter_id = e.id
                JOIN crm_link l ON l.person_id = mine.person_id JOIN crm_supporter s ON s.id = l.supporter_id)
            SELECT e.id FROM crm_entries(me) e UNION SELECT e.id FROM linked, crm_entries(linked.who) e);
        FOR box IN
            SELECT k.mailbox, min(k.key_id) AS secret FROM crm_contactpoint cp
            JOIN crm_addresskey k ON k.contact_point_id = cp.id
            WHERE cp.supporter_id = ANY(everyone) AND k.mailbox <> inbox
            GROUP BY k.mailbox ORDER BY crm_hold_number(k.mailbox)
        LOOP
            CONTINUE WHEN EXISTS (
                SELECT FROM crm_addresskey k JOIN crm_contactpoint cp ON cp.id = k.contact_point_id
                WHERE k.mailbox = box.mailbox AND (cp.kind = 3 OR cp.supporter_id <> ALL(everyone)));
            PERFORM crm_stop_everything(box.mailbox, box.secret, act, detail);
        END LOOP;
        INSERT INTO crm_consentevent (organisation_id, supporter_id, contact_point_id, address_key, mailbox, reach,
                                      action, source, source_detail, occurred_at, occurred_until, recorded_at, act_id)
        SELECT s.organisation_id, s.id, cp.id, k.address_key, k.mailbox, 2, 7, 1, detail, now(), now(), now(), act
        FROM crm_supporter s
        LEFT JOIN crm_contactpoint cp ON cp.supporter_id = s.id AND cp.channel = 1
        LEFT JOIN crm_addresskey k ON k.contact_point_id = cp.id
        WHERE s.id = ANY(everyone) AND s.organisation_id <> app_organisation();
        UPDATE crm_consentstate t SET refused_at = now(), refusal = 7, refusal_scope = 3
        FROM crm_contactpoint cp
        WHERE cp.supporter_id = ANY(everyone) AND cp.organisation_id <> app_organisation()
          AND t.contact_point_id = cp.id;
    END $$;
    REVOKE ALL ON FUNCTION crm_stop_person(bigint, bytea, uuid, text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_stop_person(bigint, bytea, uuid, text) TO coalesce_keeper;
"""

STEWARD = """
    -- What a steward is shown of some pairs: a line for each side and address, masked.
    CREATE FUNCTION crm_steward_sides(pairs bigint[])
        RETURNS TABLE (pair uuid, tier smallint, probability float8, match_weight float8, evidence jsonb, guards text[],
                       decision smallint, organisation text, initials text, address text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT m.public_id, m.tier, m.probability, m.match_weight, m.evidence, m.guards, m.decision, o.name::text,
               crm_initial(s.first_name) || crm_initial(s.last_name), coalesce(crm_mask(cp.address), '')
        FROM unnest(pairs) WITH ORDINALITY p (id, place)
        JOIN crm_sharedmatch m ON m.id = p.id
        CROSS JOIN LATERAL (VALUES (m.one_id, m.one_organisation_id, 1), (m.other_id, m.other_organisation_id, 2))
            side (who, whose, place)
        JOIN crm_supporter e ON e.id = side.who JOIN crm_supporter s ON s.id = e.canonical_id
        JOIN crm_organisation o ON o.id = side.whose
        LEFT JOIN crm_contactpoint cp ON cp.organisation_id = side.whose AND cp.channel = 1 AND cp.retired_at IS NULL
            AND cp.supporter_id IN (SELECT n.id FROM crm_entries(s.id) n)
        ORDER BY p.place, side.place, cp.id $$;

    -- The pairs that wait for a decision, the clearest first, those to be decided later at the end.
    CREATE FUNCTION crm_steward_pairs(size integer)
        RETURNS TABLE (pair uuid, tier smallint, probability float8, match_weight float8, evidence jsonb, guards text[],
                       decision smallint, organisation text, initials text, address text)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE found bigint[];
    BEGIN
        found := ARRAY(
            SELECT m.id FROM crm_sharedmatch m WHERE m.decision IS NULL OR m.decision = 4
            ORDER BY m.decision NULLS FIRST, m.tier, m.match_weight DESC, m.id LIMIT least(size, 100));
        PERFORM crm_steward_note('pairs', ARRAY(SELECT m.public_id FROM crm_sharedmatch m WHERE m.id = ANY(found)));
        RETURN QUERY SELECT s.* FROM crm_steward_sides(found) s;
    END $$;

    CREATE FUNCTION crm_steward_pair(named uuid)
        RETURNS TABLE (pair uuid, tier smallint, probability float8, match_weight float8, evidence jsonb, guards text[],
                       decision smallint, organisation text, initials text, address text)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM crm_steward_note('pair', ARRAY[named]);
        RETURN QUERY SELECT s.* FROM crm_steward_sides(
            ARRAY(SELECT m.id FROM crm_sharedmatch m WHERE m.public_id = named)) s;
    END $$;

    -- What a steward decides of a pair: 1 links it, 2 and 3 hold it apart, 4 is for later. Gives why not, or nothing.
    CREATE FUNCTION crm_steward_decide(named uuid, what smallint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE m crm_sharedmatch; trouble text := '';
    BEGIN
        PERFORM crm_steward_note('decided', ARRAY[named]);
        SELECT * INTO m FROM crm_sharedmatch s WHERE s.public_id = named FOR UPDATE;
        IF m.id IS NULL OR what NOT IN (1, 2, 3, 4) THEN
            RETURN 'This pair is no longer there.';
        END IF;
        IF m.decision IN (1, 2, 3) THEN
            RETURN 'This pair was decided already.';
        END IF;
        IF what = 1 THEN
            trouble := crm_link_pair(m.one_id, m.other_id, 'the steward decided');
        END IF;
        IF trouble = '' THEN
            UPDATE crm_sharedmatch SET decision = what, decided_by_id = app_user(), decided_at = now() WHERE id = m.id;
        END IF;
        RETURN trouble;
    END $$;

    -- Take one organisation's side out of a person, and remember it for each pair that this parts.
    CREATE FUNCTION crm_steward_unlink(named uuid, whose text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE me crm_supporter; mine_is bigint;
    BEGIN
        PERFORM crm_steward_note('unlinked', ARRAY[named]);
        SELECT p.id INTO mine_is FROM crm_person p WHERE p.public_id = named;
        SELECT c.* INTO me FROM crm_link l JOIN crm_organisation o ON o.id = l.organisation_id
        JOIN crm_supporter s ON s.id = l.supporter_id JOIN crm_supporter c ON c.id = s.canonical_id
        WHERE l.person_id = mine_is AND o.name = whose;
        IF me.id IS NULL THEN
            RETURN 'These are not linked any more.';
        END IF;
        WITH parted AS (
            SELECT CASE WHEN me.organisation_id < c.organisation_id THEN me.id ELSE c.id END AS lo,
                   CASE WHEN me.organisation_id < c.organisation_id THEN c.id ELSE me.id END AS hi
            FROM crm_link l JOIN crm_supporter s ON s.id = l.supporter_id JOIN crm_supporter c ON c.id = s.canonical_id
            WHERE l.person_id = mine_is AND c.id <> me.id
        ), decided AS (
            UPDATE crm_sharedmatch m SET decision = 2, decided_by_id = app_user(), decided_at = now(), undone_at = now()
            FROM parted, crm_supporter a, crm_supporter b
            WHERE a.id = m.one_id AND b.id = m.other_id AND a.canonical_id = parted.lo AND b.canonical_id = parted.hi
            RETURNING parted.lo, parted.hi
        )
        INSERT INTO crm_sharedmatch (public_id, one_id, one_organisation_id, other_id, other_organisation_id, tier,
            probability, match_weight, evidence, guards, model_id, found_at, decision, decided_by_id, decided_at,
            undone_at)
        SELECT gen_random_uuid(), a.id, a.organisation_id, b.id, b.organisation_id, 2, 0.5, 0, '[]', '{}', 'exact',
               now(), 2, app_user(), now(), now()
        FROM parted JOIN crm_supporter a ON a.id = parted.lo JOIN crm_supporter b ON b.id = parted.hi
        WHERE (parted.lo, parted.hi) NOT IN (SELECT lo, hi FROM decided);
        PERFORM crm_unlink(me.id);
        RETURN '';
    END $$;
    REVOKE ALL ON FUNCTION crm_steward_sides(bigint[]), crm_steward_pairs(integer), crm_steward_pair(uuid),
        crm_steward_decide(uuid, smallint), crm_steward_unlink(uuid, text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_steward_pairs(integer), crm_steward_pair(uuid), crm_steward_decide(uuid, smallint),
        crm_steward_unlink(uuid, text) TO coalesce_steward;
"""


def link(one_id: int, other_id: int, rule: str) -> str:
    """Link two supporters of different organisations; give why not, or nothing. Platform scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_link_pair(%s, %s, %s)", [one_id, other_id, rule])
        return str(cursor.fetchone()[0])


def unlink(supporter_id: int) -> None:
    """Take a supporter out of the person they are linked to. Platform scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT crm_unlink(canonical_id) FROM crm_supporter WHERE id = %s", [supporter_id]
        )
