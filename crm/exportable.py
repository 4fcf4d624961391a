"""Groups of people that other apps know and that can be exported as a segment can, such as a campaign's outcome.

Each app says so in a module of this name, which crm/apps.py loads, since this app knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from crm.models import Organisation, Supporter

# Gives the people of a group in staff's scope; none if it is gone. Arguments: organisation, the group's own words.
Group = Callable[[Organisation, str], QuerySet[Supporter]]
GROUPS: dict[str, Group] = {}


def people(organisation: Organisation, group: str) -> QuerySet[Supporter]:
    """Give the people of a group, named by its kind and, after a space, its own words."""
    kind, _, words = group.partition(" ")
    return GROUPS[kind](organisation, words)
