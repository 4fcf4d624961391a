"""The wall around imports. Staged rows are transient and many: they carry no foreign keys."""

from django.db import migrations

from crm.sql.protection import belongs, grant, guard

EDIT = "SELECT, INSERT, UPDATE, DELETE"


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial"), ("crm", "0003_framework_tables")]

    operations = [
        migrations.RunSQL(
            guard("imports_import")
            + guard("imports_stagedrow")
            + guard("imports_problem")
            + guard(
                "imports_importchunk",
                sees="""EXISTS (SELECT FROM imports_import i
                    WHERE i.id = file_id AND i.organisation_id = (SELECT app_organisation()))""",
            )
            + belongs("imports_import", "batch_id", "crm_batch")
            + belongs("imports_import", "statement_id", "crm_statement")
            + """
            ALTER TABLE imports_importchunk ADD CONSTRAINT imports_importchunk_file
                FOREIGN KEY (file_id) REFERENCES imports_import (id) ON DELETE CASCADE;
            """
            + grant("imports_import", staff="SELECT, INSERT, UPDATE", keeper=EDIT)
            + grant("imports_problem", staff="SELECT", keeper=EDIT)
            + grant("imports_stagedrow", keeper=EDIT)
            + grant("imports_importchunk", staff="SELECT", keeper=EDIT)
            + "GRANT MAINTAIN ON imports_stagedrow TO coalesce_keeper;"
            + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;",
            migrations.RunSQL.noop,
        )
    ]
