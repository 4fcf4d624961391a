"""Two indexes go that no statement needed, and that every import paid for.

The narrow hash is compared beside a supporter, never looked up; a batch's records are found by the index that holds
each line once.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm", "0081_groups_of_exports")]

    operations = [
        migrations.RemoveIndex(model_name="addresskey", name="address_key_narrow"),
        migrations.RemoveIndex(model_name="record", name="record_batch"),
    ]
