"""How fast mail may leave, counted here: a wiped broker lifts no limit."""

from django.db import migrations, models

SQL = (
    "".join(
        f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY platform ON {table} TO coalesce_platform, coalesce_owner USING (true);
    GRANT ALL ON {table} TO coalesce_platform;
    """
        for table in ("mailings_pace", "mailings_warmup", "mailings_daycount")
    )
    + "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coalesce_keeper, coalesce_platform;"
)


class Migration(migrations.Migration):
    dependencies = [("mailings", "0062_pausing")]

    operations = [
        migrations.CreateModel(
            name="Pace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("route", models.CharField(help_text="The relay.", max_length=100)),
                (
                    "group",
                    models.CharField(help_text="Who receives: mailings/groups.py.", max_length=20),
                ),
                (
                    "messages",
                    models.FloatField(default=0, help_text="What was in the bucket at filled_at."),
                ),
                ("filled_at", models.DateTimeField()),
                (
                    "rests_until",
                    models.DateTimeField(help_text="Nothing goes there before.", null=True),
                ),
                (
                    "rests",
                    models.SmallIntegerField(
                        default=0, help_text="How often in a row it had to rest."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("route", "group"), name="one_bucket")
                ]
            },
        ),
        migrations.CreateModel(
            name="WarmUp",
            fields=[
                ("domain", models.CharField(max_length=253, primary_key=True, serialize=False)),
                ("starts_on", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="DayCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("domain", models.CharField(max_length=253)),
                ("day", models.DateField()),
                ("messages", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("domain", "day"), name="one_day_count")
                ]
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
