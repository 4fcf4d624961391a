"""Sign-up forms and what visitors send in: they read the open forms, add to what is to be done, and read nothing."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from crm.sql.protection import OWN, belongs, grant, guard, owned

COALITION = "SELECT o.id FROM crm_organisation o WHERE NOT o.is_partner"

WALL = (
    owned(["crm_signupform", "crm_signupbox"])
    + belongs("crm_signupbox", "wording_id", "crm_statement")
    + belongs("crm_signupbox", "easy_wording_id", "crm_statement")
    + belongs("crm_signupbox", "purpose_id", "crm_purpose")
    + belongs("crm_supporterrole", "statement_id", "crm_statement")
    # Partners may see the coalition's form, to put a box of their own on it. Forms are closed, never deleted.
    + guard("crm_signupform", sees=f"{OWN} OR organisation_id IN ({COALITION})", writes=OWN)
    + guard("crm_signupbox")
    + grant("crm_signupform", staff="SELECT, INSERT, UPDATE", keeper="SELECT")
    + grant("crm_signupbox", staff="SELECT, INSERT, DELETE", keeper="SELECT")
    + f"""
    ALTER TABLE crm_signupbox ADD CONSTRAINT crm_signupbox_form
        FOREIGN KEY (form_id) REFERENCES crm_signupform (id) ON DELETE CASCADE;
    CREATE FUNCTION crm_check_box() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM crm_signupform f WHERE f.id = NEW.form_id
                       AND (f.organisation_id = NEW.organisation_id OR f.organisation_id IN ({COALITION})))
        THEN
            RAISE EXCEPTION 'A box stands on a form of its own organisation or of the coalition.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER check_box BEFORE INSERT OR UPDATE ON crm_signupbox FOR EACH ROW EXECUTE FUNCTION crm_check_box();

    -- What a form shows is public while the form is open.
    CREATE POLICY visitor ON crm_signupform FOR SELECT TO coalesce_visitor USING (is_open);
    CREATE POLICY visitor ON crm_signupbox FOR SELECT TO coalesce_visitor
        USING (form_id IN (SELECT f.id FROM crm_signupform f));
    CREATE POLICY visitor ON crm_statement FOR SELECT TO coalesce_visitor
        USING (id IN (SELECT b.wording_id FROM crm_signupbox b UNION SELECT b.easy_wording_id FROM crm_signupbox b));
    CREATE POLICY visitor ON crm_purpose FOR SELECT TO coalesce_visitor
        USING (id IN (SELECT b.purpose_id FROM crm_signupbox b));
    CREATE POLICY visitor ON crm_topic FOR SELECT TO coalesce_visitor
        USING (organisation_id IN (SELECT f.organisation_id FROM crm_signupform f WHERE f.asks_topics));
    GRANT SELECT ON crm_signupform, crm_signupbox, crm_statement, crm_purpose, crm_topic, crm_role TO coalesce_visitor;

    -- A child under 13: one more is counted, and nothing is kept (docs/reference/law.md, "Children").
    CREATE FUNCTION crm_turn_away(form bigint) RETURNS void LANGUAGE sql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        UPDATE crm_signupform SET turned_away = turned_away + 1 WHERE id = form AND is_open $$;
    REVOKE ALL ON FUNCTION crm_turn_away(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_turn_away(bigint) TO coalesce_visitor;

    -- Visitors add what they send in; only the platform's workers read it.
    GRANT INSERT ON crm_submission TO coalesce_visitor, coalesce_keeper;
    GRANT ALL ON crm_submission TO coalesce_platform;
    GRANT EXECUTE ON FUNCTION crm_stop_everything(bytea, text, uuid, text) TO coalesce_platform;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;
    """
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0020_service_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactpoint",
            name="links_from",
            field=models.DateTimeField(
                editable=False,
                help_text="Links made before can stop mail and nothing more.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="supporterrole",
            name="agreed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="supporterrole",
            name="statement",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="crm.statement",
            ),
        ),
        migrations.CreateModel(
            name="SignUpForm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        error_messages={
                            "unique": "Another form has this address already. Choose another."
                        },
                        help_text="The end of its web address.",
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("introduction", models.CharField(blank=True, max_length=500)),
                ("asks_postcode", models.BooleanField(default=True)),
                ("asks_roles", models.BooleanField(default=True)),
                ("asks_topics", models.BooleanField(default=True)),
                ("is_open", models.BooleanField(default=True)),
                (
                    "sites",
                    models.CharField(
                        blank=True,
                        help_text="Which sites may show it inside their pages.",
                        max_length=500,
                    ),
                ),
                (
                    "turned_away",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How many said that they are under 13. Nothing else is kept of them.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["title"],
            },
        ),
        migrations.CreateModel(
            name="SignUpBox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "easy_wording",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        help_text="The same question in Easy Read.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.statement",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.organisation",
                    ),
                ),
                (
                    "purpose",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.purpose",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.role",
                    ),
                ),
                (
                    "wording",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.statement",
                    ),
                ),
                (
                    "form",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="boxes",
                        to="crm.signupform",
                    ),
                ),
            ],
            options={
                "ordering": ["role", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("stop", "Stop emails"),
                            ("link", "Send me my link"),
                            ("sign_up", "A sign-up"),
                            ("address", "A new address"),
                            ("confirm", "A confirmation of a sign-up or a new address"),
                            ("undo", "Take a stop back"),
                        ],
                        max_length=20,
                    ),
                ),
                ("fields", models.JSONField(default=dict)),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                ("carried_out_at", models.DateTimeField(null=True)),
                (
                    "waits_until",
                    models.DateTimeField(
                        help_text="Kept so long for a confirmation; then the fields are blanked.",
                        null=True,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("carried_out_at__isnull", True)),
                        fields=["id"],
                        name="submission_to_do",
                    ),
                    models.Index(
                        condition=models.Q(("waits_until__isnull", False)),
                        fields=["waits_until"],
                        name="submission_waiting",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="signupform",
            constraint=models.UniqueConstraint(
                fields=("organisation", "id"), name="sign_up_form_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="signupbox",
            constraint=models.UniqueConstraint(
                fields=("form", "purpose"), name="one_box_an_email_type"
            ),
        ),
        migrations.AddConstraint(
            model_name="signupbox",
            constraint=models.UniqueConstraint(
                fields=("form", "organisation", "role"), name="one_box_a_special_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="signupbox",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose__isnull", True), ("role__isnull", False)),
                    models.Q(("purpose__isnull", False), ("role__isnull", True)),
                    _connector="OR",
                ),
                name="a_box_asks_one_thing",
            ),
        ),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
