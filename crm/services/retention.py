"""The nightly report of what has had its time, an admin's approval, and then the end of it, in chunks."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.utils import timezone

from crm import wall
from crm.models import Organisation, RetentionReport, User
from crm.retention import RULES

log = logging.getLogger(__name__)
CHUNK = 500  # rows ended in one transaction


def report() -> int:
    """Count, for each organisation, what has had its time; give how many reports were made. Nothing goes.

    A report that nobody approved is replaced by the new one.
    """
    made, now = 0, timezone.now()
    with wall.scope("platform"):
        for organisation in Organisation.objects.all():
            counts = {rule.code: rule.over(organisation.pk, now).count() for rule in RULES}
            waiting = RetentionReport.objects.filter(organisation=organisation, approved_at=None)
            waiting.delete()
            if any(counts.values()):
                RetentionReport.objects.create(organisation=organisation, counts=counts)
                made += 1
    return made


def approve(found: RetentionReport, *, by: User) -> bool:
    """Let what a report counted go; give False if somebody did so before, or it was replaced. Staff scope."""
    waiting = RetentionReport.objects.filter(pk=found.pk, approved_at=None)
    return bool(waiting.update(approved_by=by, approved_at=timezone.now()))


def carry_out() -> int:
    """End what was approved, a chunk a transaction; give how many rows. Can be stopped anywhere and run again.

    What had its time when the report was made goes, and nothing that came to it since.
    """
    with wall.scope("platform"):
        waiting = RetentionReport.objects.filter(approved_at__isnull=False, done_at=None)
        reports = list(waiting.order_by("pk").values_list("pk", flat=True))
    return sum(_carry_out(pk) for pk in reports)


def _carry_out(report_id: int) -> int:
    total = 0
    for rule in RULES:
        while True:
            with wall.scope("platform"):
                found = RetentionReport.objects.select_for_update().get(pk=report_id)
                rows = rule.over(found.organisation_id, found.made_at).order_by("pk")
                chunk = list(rows.values_list("pk", flat=True)[:CHUNK]) if not found.done_at else []
                if not chunk:
                    break
                rule.end(found.organisation_id, chunk)
                found.gone[rule.code] = found.gone.get(rule.code, 0) + len(chunk)
                found.save(update_fields=["gone"])
                total += len(chunk)
    with wall.scope("platform"):
        RetentionReport.objects.filter(pk=report_id).update(done_at=timezone.now())
    log.info("retention report %d is carried out: %d rows", report_id, total)
    return total


def in_words(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Give what a report counted, by rule: in words, how many, and how long it is kept."""
    return [
        (rule.words, counts[rule.code], rule.keep.value) for rule in RULES if counts.get(rule.code)
    ]
