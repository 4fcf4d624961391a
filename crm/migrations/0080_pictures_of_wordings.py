"""A picture can stand for the words of a sign-up wording; it is frozen with them, and there if they are not."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Case, F, Q, Value, When

from crm.sql.auditing import audit
from crm.sql.protection import belongs, grant, guard

SQL = (
    guard("crm_wordingpicture")
    + belongs("crm_wordingpicture", "statement_id", "crm_statement")
    + grant("crm_wordingpicture", staff="SELECT, INSERT", keeper="SELECT")
    + """
    CREATE FUNCTION crm_picture_is_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM crm_wordingpicture p WHERE p.statement_id = NEW.id) THEN
            RAISE EXCEPTION 'The picture of this wording is missing.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$;
    REVOKE ALL ON FUNCTION crm_picture_is_there() FROM PUBLIC;
    CREATE CONSTRAINT TRIGGER picture_is_there AFTER INSERT ON crm_statement DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.has_picture) EXECUTE FUNCTION crm_picture_is_there();
    CREATE TRIGGER keep_wording BEFORE INSERT OR UPDATE OR DELETE ON crm_wordingpicture
        FOR EACH ROW EXECUTE FUNCTION crm_keep_wording();
    CREATE TRIGGER keep_all_wordings BEFORE TRUNCATE ON crm_wordingpicture
        FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_wording();
    DROP TRIGGER audit ON crm_statement;
    """
    + audit("crm_statement", staff_only=False, hides="made_in,shown")
)
IN_A_PICTURE = "The words are kept as a picture. Ask us for a copy of it."


class Migration(migrations.Migration):
    dependencies = [("crm", "0079_most_a_week")]

    operations = [
        migrations.AlterField(
            model_name="statement",
            name="words",
            field=models.TextField(
                blank=True,
                help_text="The exact words that people saw, or none if only a picture of them is left.",
            ),
        ),
        migrations.AddField(
            model_name="statement", name="has_picture", field=models.BooleanField(default=False)
        ),
        migrations.AddField(
            model_name="statement",
            name="shown",
            field=models.GeneratedField(
                db_persist=True,
                expression=Case(
                    When(words="", then=Value(IN_A_PICTURE)),
                    default=F("words"),
                    output_field=models.TextField(),
                ),
                help_text="What stands where the words are read.",
                output_field=models.TextField(),
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=~Q(words="") | Q(has_picture=True),
                name="statement_says_something",
                violation_error_message="Paste the words, or upload a picture of them.",
            ),
        ),
        migrations.CreateModel(
            name="WordingPicture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.statement",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("image/png", "Png"),
                            ("image/jpeg", "Jpeg"),
                            ("image/webp", "Webp"),
                        ],
                        max_length=20,
                    ),
                ),
                ("content", models.BinaryField()),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=["organisation", "statement"], name="picture_once"
                    )
                ]
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
