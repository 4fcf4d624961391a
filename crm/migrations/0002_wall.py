"""The wall between organisations, the append-only ledger, and the keys that tie rows to their owner."""

from django.conf import settings
from django.db import migrations

from crm.sql.protection import belongs, grant, guard, owned

FUNCTIONS = """
    GRANT USAGE ON SCHEMA public TO
        coalesce_visitor, coalesce_staff, coalesce_keeper, coalesce_steward, coalesce_platform;

    CREATE FUNCTION app_organisation() RETURNS smallint LANGUAGE sql STABLE PARALLEL SAFE
        AS $$ SELECT nullif(current_setting('app.organisation', true), '')::smallint $$;
    CREATE FUNCTION app_user() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
        AS $$ SELECT nullif(current_setting('app.user', true), '')::bigint $$;
"""

OWNERS = (
    owned(
        [
            "crm_supporter",
            "crm_batch",
            "crm_purpose",
            "crm_statement",
            "crm_segment",
            "crm_topic",
            "crm_tag",
            "crm_evidencenote",
            "crm_deliverability",
        ]
    )
    + """
    ALTER TABLE crm_membership ADD CONSTRAINT crm_membership_organisation
        FOREIGN KEY (organisation_id, in_partner) REFERENCES crm_organisation (id, is_partner);
    ALTER TABLE crm_supporter ADD CONSTRAINT crm_supporter_canonical_owner
        FOREIGN KEY (organisation_id, canonical_id) REFERENCES crm_supporter (organisation_id, id)
        DEFERRABLE INITIALLY DEFERRED;
    """
    + belongs("crm_contactpoint", "supporter_id", "crm_supporter")
    + belongs("crm_addresskey", "contact_point_id", "crm_contactpoint", suffix="ON DELETE CASCADE")
    + belongs("crm_link", "supporter_id", "crm_supporter")
    + belongs("crm_merge", "kept_id", "crm_supporter")
    + belongs("crm_supporterrole", "supporter_id", "crm_supporter")
    + belongs("crm_supporterrole", "batch_id", "crm_batch")
    + belongs("crm_supportertopic", "supporter_id", "crm_supporter")
    + belongs("crm_supportertopic", "topic_id", "crm_topic")
    + belongs("crm_supportertag", "supporter_id", "crm_supporter")
    + belongs("crm_supportertag", "tag_id", "crm_tag")
    + belongs("crm_record", "supporter_id", "crm_supporter")
    + belongs("crm_record", "batch_id", "crm_batch")
    + belongs("crm_consentevent", "supporter_id", "crm_supporter")
    + belongs("crm_consentevent", "contact_point_id", "crm_contactpoint")
    + belongs("crm_consentevent", "purpose_id", "crm_purpose")
    + belongs("crm_consentevent", "statement_id", "crm_statement")
    + belongs("crm_consentevent", "batch_id", "crm_batch")
)

# Search terms and consent states are derived and can be rebuilt, so they carry no foreign keys: a check
# costs more than the row, and there are several rows for each person.

LEDGER = """
    CREATE FUNCTION crm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Consent events are append-only: record a correction instead.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON crm_consentevent
        FOR EACH ROW EXECUTE FUNCTION crm_append_only();
    CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON crm_consentevent
        FOR EACH STATEMENT EXECUTE FUNCTION crm_append_only();

    -- Writers who may not read the hashes leave them empty; the contact point's own are copied in.
    CREATE FUNCTION crm_copy_hashes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        SELECT k.address_key, k.mailbox INTO NEW.address_key, NEW.mailbox
        FROM crm_addresskey k
        WHERE k.contact_point_id = NEW.contact_point_id AND k.organisation_id = NEW.organisation_id;
        RETURN NEW;
    END $$;
    CREATE TRIGGER copy_hashes BEFORE INSERT ON crm_consentevent FOR EACH ROW
        WHEN (NEW.contact_point_id IS NOT NULL AND NEW.mailbox IS NULL)
        EXECUTE FUNCTION crm_copy_hashes();

    -- A correction may take out an import's event of the same organisation, and nothing a person did. It is never
    -- an import's own: that would bring permission back (house rule 3).
    CREATE FUNCTION crm_check_reference() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NEW.action = 13 AND (NEW.source = 3 OR NOT EXISTS (
            SELECT FROM crm_consentevent e
            WHERE e.id = NEW.corrects_id AND e.organisation_id = NEW.organisation_id AND e.source = 3))
        THEN
            RAISE EXCEPTION 'A correction may only take out an event of an import of the same organisation.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NEW.action = 11 AND NOT EXISTS (
            SELECT FROM crm_consentevent e
            WHERE e.id = NEW.confirms_id AND e.organisation_id = NEW.organisation_id AND e.action = 1)
        THEN
            RAISE EXCEPTION 'A confirmation must name a yes to the same organisation.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER check_reference BEFORE INSERT ON crm_consentevent FOR EACH ROW
        WHEN (NEW.action IN (11, 13)) EXECUTE FUNCTION crm_check_reference();

    CREATE VIEW crm_consenthistory WITH (security_barrier) AS
        SELECT id, organisation_id, supporter_id, contact_point_id, reach, purpose_id, channel, action, source,
               source_detail, statement_id, occurred_at, occurred_until, recorded_at, paused_until, actor_id,
               second_actor_id, batch_id, act_id, confirms_id, corrects_id, evidence
        FROM crm_consentevent WHERE organisation_id = app_organisation();
    GRANT SELECT ON crm_consenthistory TO coalesce_staff, coalesce_keeper;
"""

GUARDS = "".join(
    guard(table)
    for table in (
        "crm_supporter",
        "crm_contactpoint",
        "crm_addresskey",
        "crm_searchterm",
        "crm_link",
        "crm_merge",
        "crm_supporterrole",
        "crm_supportertopic",
        "crm_supportertag",
        "crm_topic",
        "crm_tag",
        "crm_record",
        "crm_batch",
        "crm_purpose",
        "crm_statement",
        "crm_consentevent",
        "crm_consentstate",
        "crm_deliverability",
        "crm_evidencenote",
        "crm_segment",
    )
)

# Rows that hang on a wording are seen and written with it; a policy's condition reads under the reader's own.
GUARDS += guard(
    "crm_statement_organisations", sees="statement_id IN (SELECT id FROM crm_statement)"
) + guard(
    "crm_statement_purposes",
    sees="statement_id IN (SELECT id FROM crm_statement) AND purpose_id IN (SELECT id FROM crm_purpose)",
)

# Everyone may read who the organisations are; only its own people change one (its imprint, its From address).
GUARDS += """
    ALTER TABLE crm_organisation ENABLE ROW LEVEL SECURITY;
    ALTER TABLE crm_organisation FORCE ROW LEVEL SECURITY;
    CREATE POLICY known ON crm_organisation FOR SELECT USING (true);
    CREATE POLICY scoped ON crm_organisation FOR UPDATE TO coalesce_staff USING (id = (SELECT app_organisation()));
    CREATE POLICY platform ON crm_organisation TO coalesce_platform, coalesce_owner USING (true);
"""

ACCOUNTS = (
    guard(
        "crm_membership",
        sees="organisation_id = (SELECT app_organisation()) OR user_id = (SELECT app_user())",
        writes="organisation_id = (SELECT app_organisation())",
    )
    + guard(
        "crm_user",
        sees="""id = (SELECT app_user()) OR id IN (
        SELECT m.user_id FROM crm_membership m WHERE m.organisation_id = (SELECT app_organisation()))""",
        writes="true",
    )
    + """
    -- Signing in comes before any scope: the visitor role reads accounts and sessions, and nothing else.
    CREATE POLICY visitor ON crm_user TO coalesce_visitor USING (true);
    CREATE POLICY visitor ON crm_membership FOR SELECT TO coalesce_visitor USING (true);
    GRANT SELECT, UPDATE ON crm_user TO coalesce_visitor;
    GRANT SELECT ON crm_membership, crm_organisation TO coalesce_visitor;

    -- Finds or makes the account of an address for an invitation, without telling whether it was there.
    CREATE FUNCTION crm_account_for(address text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE found bigint;
    BEGIN
        INSERT INTO crm_user (email, name, password, is_active, created_at)
        VALUES (address, '', '!', true, now()) ON CONFLICT (email) DO NOTHING;
        SELECT id INTO found FROM crm_user WHERE email = address;
        RETURN found;
    END $$;
    -- Whoever sets the first password of an account gets all its roles. While one organisation's invitation is open,
    -- another's would let each into the other's list.
    CREATE FUNCTION crm_is_invited_elsewhere(account bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        SELECT EXISTS (SELECT FROM crm_user u JOIN crm_membership m ON m.user_id = u.id
            WHERE u.id = account AND u.password LIKE '!%'
              AND m.organisation_id IS DISTINCT FROM app_organisation()) $$;
    REVOKE ALL ON FUNCTION crm_is_invited_elsewhere(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_is_invited_elsewhere(bigint) TO coalesce_staff, coalesce_platform;
    REVOKE ALL ON FUNCTION crm_account_for(text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_account_for(text) TO coalesce_staff, coalesce_platform;
"""
)

STOP_EVERYTHING = """
    -- One ordinary stop for each organisation that holds the inbox, and a platform row for later imports.
    -- Protective at once: the states are marked here, and the fold arrives at the same by itself.
    CREATE FUNCTION crm_stop_everything(inbox bytea, secret text, act uuid, detail text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO crm_platformstop (mailbox, key_id, stopped_at) VALUES (inbox, secret, now())
        ON CONFLICT (mailbox) DO UPDATE SET stopped_at = EXCLUDED.stopped_at;
        INSERT INTO crm_consentevent (organisation_id, reach, action, source, source_detail, mailbox,
                                      occurred_at, occurred_until, recorded_at, act_id)
        SELECT DISTINCT k.organisation_id, 3, 7, 1, detail, inbox, now(), now(), now(), act
        FROM crm_addresskey k WHERE k.mailbox = inbox;
        UPDATE crm_consentstate s SET refused_at = now(), refusal = 7
        FROM crm_addresskey k WHERE k.mailbox = inbox AND s.contact_point_id = k.contact_point_id;
    END $$;
    REVOKE ALL ON FUNCTION crm_stop_everything(bytea, text, uuid, text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_stop_everything(bytea, text, uuid, text) TO coalesce_keeper;
"""

EDIT = "SELECT, INSERT, UPDATE"
GRANTS = (
    grant("crm_supporter, crm_contactpoint", staff=EDIT, keeper=EDIT)
    + grant("crm_addresskey", staff="INSERT", keeper=EDIT)
    + grant(
        "crm_searchterm, crm_supporterrole, crm_supportertopic, crm_supportertag",
        staff="SELECT, INSERT, UPDATE, DELETE",
        keeper="SELECT, INSERT, UPDATE, DELETE",
    )
    + grant(
        "crm_topic, crm_tag, crm_purpose", staff="SELECT, INSERT, UPDATE, DELETE", keeper="SELECT"
    )
    + grant("crm_tag", keeper="INSERT", platform="")
    + grant(
        "crm_statement, crm_statement_organisations, crm_statement_purposes",
        staff="SELECT, INSERT, DELETE",
        keeper="SELECT",
    )
    + grant("crm_segment", staff="SELECT, INSERT, UPDATE, DELETE", keeper="SELECT")
    + grant("crm_record", staff="SELECT, INSERT", keeper="SELECT, INSERT")
    + grant("crm_batch", staff=EDIT, keeper=EDIT)
    + grant("crm_merge", staff="SELECT", keeper=EDIT)
    + grant("crm_evidencenote", staff="SELECT, INSERT", keeper="SELECT, INSERT")
    + grant("crm_consentevent", staff="INSERT, SELECT (id)", keeper="SELECT, INSERT", platform="")
    + "GRANT SELECT, INSERT ON crm_consentevent TO coalesce_platform;"
    + grant("crm_consentstate", staff="SELECT", keeper="SELECT, INSERT, UPDATE, DELETE")
    + grant("crm_deliverability", keeper=EDIT)
    + grant("crm_platformstop", keeper="SELECT")
    + grant("crm_person, crm_link")
    + grant("crm_organisation", staff="SELECT, UPDATE", keeper="SELECT")
    + grant("crm_role", staff="SELECT, UPDATE, INSERT", keeper="SELECT")
    + grant("crm_membership", staff="SELECT, INSERT, UPDATE, DELETE", keeper="SELECT")
    + grant("crm_user", staff="SELECT, UPDATE", keeper="SELECT")
    + """
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;
    GRANT DELETE ON crm_role TO coalesce_staff;
    -- Bulk work refreshes the planner's statistics itself: it cannot wait for autovacuum to notice.
    GRANT MAINTAIN ON crm_supporter, crm_contactpoint, crm_addresskey, crm_searchterm, crm_record, crm_supporterrole,
        crm_consentevent, crm_consentstate TO coalesce_keeper, coalesce_platform;
    """
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (FUNCTIONS, OWNERS, LEDGER, GUARDS, ACCOUNTS, STOP_EVERYTHING, GRANTS)
    ]
