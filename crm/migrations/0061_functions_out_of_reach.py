"""What a function of the owner does, only its own trigger makes it do.

Whoever may make a temporary table may put a trigger on it. With the database's own trigger functions, which run with
the owner's rights, staff's role could so have the hashes of another organisation's address written into a table of its
own, and compare. A trigger that is there fires without this right.
"""

from django.db import migrations

TRIGGERS = """
    DO $$
    DECLARE f regprocedure;
    BEGIN
        FOR f IN SELECT p.oid FROM pg_proc p
                 WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype
        LOOP
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        END LOOP;
    END $$;
    REVOKE ALL ON FUNCTION crm_mask(text), crm_initial(text), mailings_rounded(bigint) FROM PUBLIC;
"""

# Before, it looked into whatever table or view it was told, a temporary one of the caller's too, as the owner.
RANDOM_KEY = """
    CREATE OR REPLACE FUNCTION crm_random_key(of_table text, most integer) RETURNS integer LANGUAGE plpgsql VOLATILE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE key integer; taken boolean;
    BEGIN
        IF (of_table, most) NOT IN (('crm_tag', 2147483646), ('crm_topic', 32766), ('crm_branch', 32766),
                                    ('crm_user', 2147483646))
        THEN
            RAISE EXCEPTION 'Keys of this table are not drawn.' USING ERRCODE = 'insufficient_privilege';
        END IF;
        LOOP
            key := 1 + floor(random() * most)::integer;
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE id = $1)', of_table) INTO taken USING key;
            EXIT WHEN NOT taken;
        END LOOP;
        RETURN key;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0060_one_inbox_at_a_time"), ("mailings", "0034_branches")]

    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (TRIGGERS, RANDOM_KEY)]
