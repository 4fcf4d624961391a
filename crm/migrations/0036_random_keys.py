"""Keys that stand in addresses say nothing of how much another organisation has (house, Data)."""

from django.db import migrations

SQL = """
    -- A key that no row of the table has, from the whole range.
    CREATE FUNCTION crm_random_key(of_table text, most integer) RETURNS integer LANGUAGE plpgsql VOLATILE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE key integer; taken boolean;
    BEGIN
        LOOP
            key := 1 + floor(random() * most)::integer;
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1)', of_table) INTO taken USING key;
            EXIT WHEN NOT taken;
        END LOOP;
        RETURN key;
    END $$;
    REVOKE ALL ON FUNCTION crm_random_key(text, integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_random_key(text, integer) TO coalesce_staff, coalesce_keeper, coalesce_platform;
""" + "".join(
    f"""
    ALTER TABLE {table} ALTER COLUMN id DROP IDENTITY IF EXISTS;
    ALTER TABLE {table} ALTER COLUMN id SET DEFAULT crm_random_key('{table}', {most});
    """
    for table, most in (
        ("crm_tag", 2_147_483_646),
        ("crm_topic", 32_766),
        ("crm_branch", 32_766),
        ("crm_user", 2_147_483_646),  # it stands in the links of invitations and of new passwords
    )
)


class Migration(migrations.Migration):
    dependencies = [("crm", "0035_branches")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
