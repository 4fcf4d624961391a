"""The page *Which column is what*: what each column is, and what follows to be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateformat import format as date_format

from imports import answers, mapping, meaning, presets
from imports.choosing import Vocabulary
from imports.headings import fold
from imports.mapping import Chosen, Mapping
from imports.vendors import Preset

MOST = 40  # words of a column that are asked about; those beyond are left out
_NOTHING = [(mapping.LEFT_OUT, "Leave out"), (mapping.KEPT, "Keep with the person, but do not use")]
_NOT_OURS = "Left out: your list is shared with nobody, and joint email needs a yes of its own."
_UNSURE = "unsure"
_FIRST = {"day": "the day", "month": "the month"}


@dataclass(slots=True)
class Word:
    """A word of a column: how often it stands there, and what it means or the field that asks."""

    text: str
    count: int
    means: str = ""
    asks: Any = None


@dataclass(slots=True)
class Asked:
    """A column on the page, with what is asked of it."""

    heading: str
    samples: list[str]
    note: str = ""
    asks: Any = None
    says: str = ""  # which field of permission it is
    examples: list[str] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    more: int = 0
    checked: Any = None
    order: Any = None
    order_found: str = ""


@dataclass(slots=True)
class Table:
    """The tables of one kind in a file."""

    label: str
    is_vendor: bool
    statuses: list[tuple[str, str]]
    columns: list[Asked] = field(default_factory=list)

    @property
    def consent(self) -> list[Asked]:
        """The columns that say something of permission."""
        return [each for each in self.columns if each.says]

    @property
    def dates(self) -> list[Asked]:
        """The columns of dates of which the order is asked or was found."""
        return [each for each in self.columns if each.order or each.order_found]

    @property
    def unknown(self) -> list[Asked]:
        """The columns with words for roles or tags that nobody knows."""
        return [each for each in self.columns if each.words and not each.says]


class ColumnsForm(forms.Form):
    """One select for each column, and the questions that follow from what is chosen."""

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        look: dict[str, Any],
        said: Mapping,
        vocabulary: Vocabulary,
    ) -> None:
        super().__init__(data.copy() if data is not None else None)
        self.look, self.said, self.vocabulary = look, said, vocabulary
        self.chosen: dict[str, Chosen] = {}
        barred = vocabulary.others.no_fields
        self._fields: Any = [
            *_NOTHING,
            *(
                (group, [(name, presets.LABELS[name]) for name in names if name not in barred])
                for group, names in mapping.CHOICES
            ),
        ]
        self._unseen: set[str] = set()
        self.tables = [self._table(n, table) for n, table in enumerate(look["tables"])]

    def mapping(self) -> Mapping:
        """Give what is said as the form stands."""
        return Mapping(self.chosen, self.look["sheet"] if self.look["sheets"] else "")

    def _add(self, name: str, it: forms.Field, usual: Any) -> Any:
        """Add a field; give what is said in it. One that the page did not have yet is asked about."""
        self.fields[name] = it
        it.initial = usual
        if not self.is_bound:
            return usual
        if (
            isinstance(it, forms.BooleanField)
            or name in self.data
            or isinstance(it.widget, forms.RadioSelect)
        ):
            return self.data.get(name, "")
        self.data[name] = usual  # type: ignore[index]
        self._unseen.add(name)
        return usual

    def show_examples(self, of: Callable[[Mapping], dict[tuple[str, str], list[str]]]) -> None:
        """Put sentences for some rows to each column of permission; `of` gives them, for what is said."""
        found = of(self.mapping())
        for table, asked in zip(self.look["tables"], self.tables, strict=True):
            for column, one in zip(table["columns"], asked.columns, strict=True):
                one.examples = found.get((table["preset"], column["key"]), [])

    def clean(self) -> dict[str, Any]:
        """Ask again where a question is new, and for the address of each table."""
        for table, asked in zip(self.look["tables"], self.tables, strict=True):
            if "email" not in self.chosen[table["preset"]].fields.values():
                self.add_error(None, f"{asked.label}: say which column is the email address.")
            for each in asked.columns:
                if any(
                    word.asks is not None and word.asks.name in self._unseen for word in each.words
                ):
                    first = next(word.asks.name for word in each.words if word.asks is not None)
                    self.add_error(first, "Check what its words mean, and continue.")
        return self.cleaned_data

    def _table(self, number: int, table: dict[str, Any]) -> Table:
        preset = presets.of_code(table["preset"])
        headings = [column["heading"] for column in table["columns"]]
        before = self.said.of(preset)
        guessed = mapping.guess(preset, headings)
        statuses = [(sheet, presets.by_name(preset, sheet) or "") for sheet in table["sheets"]]
        told = [pair for pair in statuses if pair[1]]
        asked = Table(preset.label, preset.code != "template", told)
        now = self.chosen[preset.code] = Chosen()
        for place, column in enumerate(table["columns"]):
            usual = guessed[place] if before is None else before.fields.get(column["key"], "")
            one = Asked(column["heading"] or f"Column {place + 1}", column["samples"])
            asked.columns.append(one)
            if one_note := self._never(preset, column["heading"], guessed[place]):
                one.note = one_note
                continue
            name = f"c{number}-{place}"
            choice = self._add(name, _select(f"What {one.heading} is", self._fields), usual)
            one.asks = self[name]
            now.fields[column["key"]] = choice
            if choice in mapping.CONSENT and len(told) < len(table["sheets"]):
                self._consent(preset, one, column, choice, name, before or Chosen(), now)
            elif choice in mapping.WORDS:
                self._words(one, column, choice, name, before or Chosen(), now)
            elif choice in mapping.DATES:
                self._dates(preset, one, column, name, before or Chosen(), now)
        return asked

    def _never(self, preset: Preset, heading: str, guessed: str) -> str:
        """Say why a column cannot be chosen at all."""
        if name := self.vocabulary.others.named_in(heading):
            return f"Left out: it names {name}."
        if fold(heading) in presets.NOT_KEPT | preset.not_kept:
            return "Never kept."
        return _NOT_OURS if guessed in self.vocabulary.others.no_fields else ""

    def _consent(
        self,
        preset: Preset,
        one: Asked,
        column: dict[str, Any],
        says: str,
        name: str,
        before: Chosen,
        now: Chosen,
    ) -> None:
        """Say what each word means, ask about those that may be read otherwise, and have it confirmed."""
        one.says, key = says, column["key"]
        words = mapping.together(column["words"] or [])
        known, told = before.words.get(key, {}), now.words.setdefault(key, {})
        for place, (folded, (text, count)) in enumerate(list(words.items())[:MOST]):
            about_another = self.vocabulary.others.named_in(text) is not None
            may = answers.choices(says, text, names_another=about_another)
            word = Word(text, count, answers.LABELS[may[0]])
            one.words.append(word)
            if len(may) > 1:
                usual = known.get(folded, may[0])
                field_name = f"{name}-{says}-{place}"
                choices = [(code, answers.LABELS[code]) for code in may]
                label = f"What “{text[:80]}” means in {one.heading}"
                told[folded] = self._add(
                    field_name, _select(label, choices), usual if usual in may else may[0]
                )
                word.asks = self[field_name]
        one.more = max(len(words) - MOST, 0)
        if column["words"] is None:
            one.note = "It says too many different things to be a yes or a no. What we do not know counts as not said."
        if mapping.is_sure(preset, says, column["heading"]):
            now.checked.append(key)
            return
        label = f"{one.heading} means what it says here"
        asks = forms.BooleanField(
            label=label,
            error_messages={"required": "Read the examples, and tick this if they are right."},
        )
        if self._add(f"{name}-ok-{says}", asks, key in before.checked):
            now.checked.append(key)
        one.checked = self[f"{name}-ok-{says}"]

    def _words(
        self,
        one: Asked,
        column: dict[str, Any],
        what: str,
        name: str,
        before: Chosen,
        now: Chosen,
    ) -> None:
        """Ask what the words mean that nobody knows; what is not answered is left out, or becomes a new tag."""
        known, told = before.words.get(column["key"], {}), now.words.setdefault(column["key"], {})
        unknown = self.vocabulary.unknown(what, column["words"] or [])
        choices = self.vocabulary.choices(what)
        for place, (folded, (text, count)) in enumerate(list(unknown.items())[:MOST]):
            usual = known.get(folded, text[:80] if what == "tags" else mapping.LEFT_OUT)
            mine = [(text[:80], "A new tag"), *choices] if what == "tags" else choices
            codes = {code for code, _ in mine}
            field_name = f"{name}-{what}-{place}"
            told[folded] = self._add(
                field_name,
                _select(f"What “{text[:80]}” means in {one.heading}", mine),
                usual if usual in codes else mine[0][0],
            )
            one.words.append(Word(text, count, asks=self[field_name]))
        one.more = max(len(unknown) - MOST, 0)

    def _dates(
        self,
        preset: Preset,
        one: Asked,
        column: dict[str, Any],
        name: str,
        before: Chosen,
        now: Chosen,
    ) -> None:
        """Say which comes first, the day or the month; ask where no date of the column shows it."""
        met, key = column["orders"], column["key"]
        found = mapping.order_of(met, preset)
        if found is None:
            self._order(one, key, met.get("short") or met["either"], name, before, now)
            return
        now.orders[key] = found
        if "day" in met and "month" in met:
            one.order_found = (
                f"{met['day']} puts the day first and {met['month']} the month. A date that can be read in two ways "
                "is left out."
            )
        elif found in met:
            one.order_found = f"{met[found]} shows that {_FIRST[found]} comes first."
        elif found:
            one.order_found = f"The month comes first, as in every {preset.label}."

    def _order(
        self, one: Asked, key: str, example: str, name: str, before: Chosen, now: Chosen
    ) -> None:
        """Ask which comes first; `example` is a date that can be read in two ways, or whose year has two digits."""
        choices = [
            (order, f"The {order}: {example} is {date_format(read, 'j F Y')}")
            for order, read in meaning.ways(example, timezone.now()).items()
        ]
        choices.append((_UNSURE, "I do not know: leave out dates that can be read in several ways"))
        asks = forms.ChoiceField(
            label=f"Which comes first in the dates of {one.heading}?",
            choices=choices,
            widget=forms.RadioSelect,
            error_messages={"required": "Say which comes first, the day or the month."},
        )
        usual = before.orders.get(key)
        said = self._add(f"{name}-order", asks, _UNSURE if usual == "" else usual)
        now.orders[key] = said if said in _FIRST else ""
        one.order = self[f"{name}-order"]


def _select(label: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False)
