"""Finds supporters by the beginnings of words, and pages through a million of them without OFFSET."""

from __future__ import annotations

from django.db.models import QuerySet

from crm import segments
from crm.identity import search
from crm.models import Organisation, SearchTerm, Supporter

PAGE = 50


def people(organisation: Organisation, text: str = "") -> QuerySet[Supporter]:
    """Give the organisation's people, newest first; with a text, those whose terms begin with each word."""
    found = segments.people(organisation).order_by("-pk")
    for word in search.question(text):
        terms = SearchTerm.objects.filter(
            organisation=organisation, term__gte=word, term__lt=word[:-1] + chr(ord(word[-1]) + 1)
        )
        found = found.filter(pk__in=terms.values("supporter_id"))
    return found
