"""What requests may do to the tables of sessions, content types and the admin's log."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_wall"),
        ("sessions", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(
            """
            GRANT SELECT, INSERT, UPDATE, DELETE ON django_session
                TO coalesce_visitor, coalesce_staff, coalesce_keeper, coalesce_platform;
            GRANT SELECT ON django_content_type TO coalesce_staff;
            GRANT SELECT, INSERT ON django_admin_log TO coalesce_staff;
            -- Its rows name tags and roles: each account reads its own entries.
            ALTER TABLE django_admin_log ENABLE ROW LEVEL SECURITY;
            ALTER TABLE django_admin_log FORCE ROW LEVEL SECURITY;
            CREATE POLICY scoped ON django_admin_log TO coalesce_staff USING (user_id = (SELECT app_user()));
            CREATE POLICY platform ON django_admin_log TO coalesce_platform, coalesce_owner USING (true);
            """,
            migrations.RunSQL.noop,
        )
    ]
