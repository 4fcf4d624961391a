"""What other apps did with entries of the list: it binds them to it when the import that brought them is undone.

Each app says so in a module of this name, which crm/apps.py loads, since this app knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable

# SQL conditions on an entry `e.id`: it stays on the list, though no record is left of it.
CONDITIONS: list[str] = []
# Gives how many of a batch's people got mail since, and by the names of campaigns. Arguments: organisation, batch.
Mailed = Callable[[int, int], tuple[int, list[tuple[str, int]]]]
MAILED: list[Mailed] = []


def register(*, condition: str, mailed: Mailed) -> None:
    """Add what another app knows."""
    CONDITIONS.append(condition)
    MAILED.append(mailed)
