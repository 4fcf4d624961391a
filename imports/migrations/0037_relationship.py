"""What a row says of somebody's membership."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0036_later"),
    ]

    operations = [
        migrations.AddField(
            model_name="stagedrow",
            name="relationship",
            field=models.CharField(max_length=16, blank=True, db_default=""),
        ),
    ]
