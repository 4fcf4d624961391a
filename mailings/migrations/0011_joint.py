"""The wall around joint campaigns: each partner approves, by somebody who works for it and for the coalition."""

from django.db import migrations

from crm.sql.protection import OWN, SCOPED, belongs, grant, guard

# Whoever mails alone is a partner; what goes to the joint list, or out for all partners, is the coalition's.
OWNER_OF_MODE = f"""CASE WHEN mode = 'own'
    THEN {OWN} AND organisation_id IN (SELECT o.id FROM crm_organisation o WHERE o.is_partner)
    ELSE (mode = 'coordinated' OR {OWN})
        AND organisation_id IN (SELECT o.id FROM crm_organisation o WHERE NOT o.is_partner) END"""

APPROVALS = """
    -- Who approves for a partner works for it and for the joint list, and did not write the text.
    CREATE FUNCTION mailings_check_approval() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM crm_membership m JOIN crm_organisation o ON o.id = m.organisation_id
                       WHERE m.user_id = NEW.user_id AND o.id = NEW.partner_id AND o.is_partner)
           OR NOT EXISTS (SELECT FROM crm_membership m
                          WHERE m.user_id = NEW.user_id AND m.organisation_id = NEW.organisation_id)
           OR EXISTS (SELECT FROM mailings_version v WHERE v.id = NEW.version_id AND v.author_id = NEW.user_id)
        THEN
            RAISE EXCEPTION 'A joint text is approved by somebody of the partner who did not write it.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER check_approval BEFORE INSERT OR UPDATE ON mailings_jointapproval
        FOR EACH ROW EXECUTE FUNCTION mailings_check_approval();

    -- Editing a text takes the approvals away that it had so far (scenario 62).
    CREATE FUNCTION mailings_drop_approvals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        DELETE FROM mailings_jointapproval WHERE version_id = NEW.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER drop_approvals AFTER UPDATE ON mailings_version FOR EACH ROW
        WHEN ((OLD.subject, OLD.body, OLD.segment_id, OLD.purpose_id, OLD.topic_id, OLD.author_id)
              IS DISTINCT FROM (NEW.subject, NEW.body, NEW.segment_id, NEW.purpose_id, NEW.topic_id, NEW.author_id))
        EXECUTE FUNCTION mailings_drop_approvals();

    DROP TRIGGER frozen ON mailings_version;
    CREATE TRIGGER frozen BEFORE UPDATE ON mailings_version FOR EACH ROW
        WHEN (OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL
              AND (OLD.subject, OLD.body, OLD.segment_id, OLD.purpose_id, OLD.topic_id)
                  IS DISTINCT FROM (NEW.subject, NEW.body, NEW.segment_id, NEW.purpose_id, NEW.topic_id))
        EXECUTE FUNCTION mailings_freeze_version();

    CREATE OR REPLACE FUNCTION mailings_is_approved(campaign bigint) RETURNS boolean LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT CASE c.mode
            WHEN 'coordinated' THEN NOT EXISTS (
                SELECT FROM crm_organisation o WHERE o.is_partner AND NOT EXISTS (
                    SELECT FROM mailings_version v
                    WHERE v.campaign_id = c.id AND v.organisation_id = o.id AND v.approved_at IS NOT NULL))
            WHEN 'joint' THEN EXISTS (SELECT FROM mailings_version v WHERE v.campaign_id = c.id)
                AND NOT EXISTS (
                SELECT FROM crm_organisation o WHERE o.is_partner AND NOT EXISTS (
                    SELECT FROM mailings_version v JOIN mailings_jointapproval a ON a.version_id = v.id
                    WHERE v.campaign_id = c.id AND a.partner_id = o.id))
            ELSE EXISTS (SELECT FROM mailings_version v
                WHERE v.campaign_id = c.id AND v.organisation_id = c.organisation_id AND v.approved_at IS NOT NULL)
            END
        FROM mailings_campaign c WHERE c.id = campaign $$;
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0010_choices")]

    operations = [
        migrations.RunSQL(
            belongs(
                "mailings_jointapproval",
                "version_id",
                "mailings_version",
                suffix="ON DELETE CASCADE",
            )
            + belongs("mailings_version", "topic_id", "crm_topic")
            + f"""
            DROP POLICY scoped ON mailings_campaign;
            CREATE POLICY scoped ON mailings_campaign TO {SCOPED} USING ({OWN} OR mode = 'coordinated')
                WITH CHECK ({OWNER_OF_MODE});
            """
            + guard("mailings_jointapproval")
            + grant("mailings_jointapproval", staff="SELECT, INSERT")
            + APPROVALS
            + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;",
            migrations.RunSQL.noop,
        )
    ]
