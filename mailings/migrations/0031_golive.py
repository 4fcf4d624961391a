"""No campaign is scheduled or sent for an organisation that is not live."""

from django.db import migrations

SQL = """
    -- The names of those for whom a campaign of this owner and mode would be sent, and who are not live.
    CREATE FUNCTION mailings_not_live(owner smallint, how text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        SELECT coalesce(array_agg(o.name::text ORDER BY o.name), '{}') FROM crm_organisation o
        WHERE (o.id = owner OR (how <> 'own' AND o.is_partner)) AND NOT crm_is_live(o.id) $$;
    REVOKE ALL ON FUNCTION mailings_not_live(smallint, text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION mailings_not_live(smallint, text) TO coalesce_staff, coalesce_platform;

    CREATE FUNCTION mailings_refuse_unless_live() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF mailings_not_live(NEW.organisation_id, NEW.mode) <> '{}' THEN
            RAISE EXCEPTION 'Sending is off: % must go live first.',
                array_to_string(mailings_not_live(NEW.organisation_id, NEW.mode), ', ')
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER live_when_made BEFORE INSERT ON mailings_campaign FOR EACH ROW
        WHEN (NEW.state IN ('scheduled', 'sending')) EXECUTE FUNCTION mailings_refuse_unless_live();
    CREATE TRIGGER live_when_changed BEFORE UPDATE OF state ON mailings_campaign FOR EACH ROW
        WHEN (NEW.state IN ('scheduled', 'sending') AND OLD.state IS DISTINCT FROM NEW.state)
        EXECUTE FUNCTION mailings_refuse_unless_live();
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0030_audit"), ("crm", "0031_golive")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
