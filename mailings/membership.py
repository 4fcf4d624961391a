"""What would give somebody's membership away at work, of a campaign for members only (R-SEC7)."""

from __future__ import annotations

import operator
import re
from functools import reduce

from django.db import connection
from django.db.models import Q

from crm.identity import addresses
from crm.models import ContactPoint
from mailings import audience
from mailings.models import Version


def at_work(version: Version) -> int:
    """Count those who would get it at work: by the end of their best address, or because it is noted as work."""
    endings = [Q(folded__endswith=ending) for ending in addresses.AT_WORK]
    read_there = reduce(operator.or_, endings, Q(kind=ContactPoint.Kind.WORK))
    best = audience.best(version).values("pk", "reasons")
    found = ContactPoint.objects.filter(read_there).order_by().values("pk")
    best_sql, best_parameters = best.query.sql_with_params()
    sql, parameters = found.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({best_sql}) b(id, reasons) WHERE reasons = 0 AND id IN ({sql})",
            [*best_parameters, *parameters],
        )
        (count,) = cursor.fetchone()
    return int(count)


def telling(version: Version) -> list[str]:
    """Give the words of a subject that give membership away: the organisation's own list, and its names."""
    ours = version.organisation
    words = [word.strip() for word in ours.telling_words.split(",")]
    words += [ours.name, ours.legal_name, ours.code]
    return [word for word in dict.fromkeys(filter(None, words)) if _says(version.subject, word)]


def _says(subject: str, word: str) -> bool:
    pattern = rf"\b{re.escape(_tidy(word))}\b"
    return re.search(pattern, _tidy(subject), re.IGNORECASE) is not None


def _tidy(text: str) -> str:
    return text.replace("'", "’")
