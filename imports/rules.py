"""What holds for all rows of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from imports import foreign, mapping


@dataclass(frozen=True, slots=True)
class Rules:
    """What an import says of all its rows, and the words for roles."""

    now: datetime
    collected_on: date | None
    adults_only: bool
    synonyms: Mapping[str, int]
    others: foreign.Others = field(default_factory=foreign.Others)
    mapping: mapping.Mapping = field(default_factory=mapping.Mapping)
    roles: Mapping[str, int] = field(default_factory=dict)  # by code
    topics: Mapping[str, int] = field(default_factory=dict)  # by name, as words are compared
