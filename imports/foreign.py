"""Whether a file looks like another partner's list: judged by the file alone, never by who is on any list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crm.models import Organisation
from imports.headings import fold
from imports.vendors import Preset

# Headings of columns that say whose a row is.
OWNER = frozenset({"organisation", "organization", "org", "list", "list owner", "owner", "source"})
_UNION = frozenset({"union"})  # a word in the name of an organisation whose list is of members


@dataclass(frozen=True, slots=True)
class Others:
    """How the other partners are called, and oneself: folded words each, whole or not at all."""

    partners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    is_union: bool = False
    is_joint: bool = False

    @property
    def no_fields(self) -> frozenset[str]:
        """What no column of this organisation's files can be: who may share details is a matter of the joint list."""
        return frozenset() if self.is_joint else frozenset({"no_sharing"})

    @classmethod
    def of(cls, organisation: Organisation) -> Others:
        """Give them as one organisation sees them; who the partners are is known to everyone."""
        partners = Organisation.objects.filter(is_partner=True)
        return cls(
            {other.name: _words(other) for other in partners if other.pk != organisation.pk},
            _words(organisation),
            not organisation.is_partner or bool(_UNION & set(fold(organisation.name).split())),
            not organisation.is_partner,
        )

    def named_in(self, text: str) -> str | None:
        """Give the name of another partner that a text names; one that names us too is a joint one, and none."""
        words = f" {fold(text)} "
        if any(f" {own} " in words for own in self.own):
            return None
        return next(
            (
                name
                for name, ways in self.partners.items()
                if any(f" {way} " in words for way in ways)
            ),
            None,
        )

    def barred(self, headings: Sequence[str]) -> list[int]:
        """Give the places of columns that name another partner: they are never read (scenario 49)."""
        return [place for place, heading in enumerate(headings) if self.named_in(heading)]

    def signs(
        self,
        *,
        file_name: str,
        sheet: str,
        headings: Sequence[str],
        preset: Preset,
        owners: Iterable[str],
    ) -> list[str]:
        """Give what in a sheet speaks for another partner's list, a sentence each."""
        found = [
            f"The name {text} names {name}."
            for text in dict.fromkeys((file_name, sheet))
            if (name := self.named_in(text))
        ]
        found += [
            f"The column {headings[place]} names {self.named_in(headings[place])}. It is left out."
            for place in self.barred(headings)
        ]
        found += [f"A column says that rows belong to {name}." for name in sorted(set(owners))]
        if preset.is_of_members and not self.is_union:
            found.append("The columns are those of a union’s membership list.")
        return found


def _words(organisation: Organisation) -> tuple[str, ...]:
    return fold(organisation.code), fold(organisation.name)
