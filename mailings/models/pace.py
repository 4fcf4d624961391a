"""How fast mail may leave: by receiving group, and by day while a sending domain is new."""

from __future__ import annotations

from django.db import models


class Pace(models.Model):
    """What a relay may still send to one group of receivers now: a bucket of messages that fills with time."""

    route = models.CharField(max_length=100, help_text="The relay.")
    group = models.CharField(max_length=20, help_text="Who receives: mailings/groups.py.")
    messages = models.FloatField(default=0, help_text="What was in the bucket at filled_at.")
    filled_at = models.DateTimeField()
    rests_until = models.DateTimeField(null=True, help_text="Nothing goes there before.")
    rests = models.SmallIntegerField(default=0, help_text="How often in a row it had to rest.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "group"], name="one_bucket")]


class WarmUp(models.Model):
    """A sending domain that mail services do not know yet: each day it may send more than the day before."""

    domain = models.CharField(max_length=253, primary_key=True)
    starts_on = models.DateField()


class DayCount(models.Model):
    """How many messages a domain that is warmed up has sent, or may be sending, on one day in London."""

    domain = models.CharField(max_length=253)
    day = models.DateField()
    messages = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "day"], name="one_day_count")]
