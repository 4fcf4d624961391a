import pytest
from django.db import connection
@pytest.mark.django_db
def test_x():
    with connection.cursor() as c:
        c.execute("""select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid=c.oid where relnamespace='public'::regnamespace and relkind in ('r','v') and attname in ('mailbox','address_key','person_id','key_id')
        and has_column_privilege('coalesce_staff', c.oid, a.attname, 'SELECT')""")
        print("READABLE", c.fetchall())
        c.execute("select conrelid::regclass::text, conname from pg_constraint where contype='f' and conrelid='crm_supporterrole'::regclass"); print(c.fetchall())
