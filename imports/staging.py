"""From a file's rows to staged rows: each cell is read once, and what is wrong with it becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from crm.identity import addresses, phones, postcodes
from crm.models import Action, AgeBand
from imports import answers, foreign, mapping, meaning, presets, relationship
from imports.headings import fold
from imports.reading import Cell, Sheet
from imports.rows import Fault, Row, emptied

_NO_ROLE = "We do not know this role; add the word under Settings, Roles."
_NO_TOPIC = "We do not know this topic; add it under Settings, Topics."
_NONE = {
    "phone": "This is not a telephone number; it is left out.",
    "postcode": "This is not a full postcode; it is left out.",
}
_NOT_UNDERSTOOD = {
    "says_yes": "We do not know whether this is a yes; it counts as not said.",
    "says_no": "We do not know whether this is a no; a yes in this row does not count.",
    "no_sharing": "We do not know whether this is a no; a yes in this row does not count.",
}


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


class Reader:
    """Reads the rows of one sheet with the columns of its preset."""

    def __init__(self, sheet: Sheet, rules: Rules) -> None:
        self.sheet = sheet
        self.rules = rules
        headings = sheet.headings
        self.preset = presets.recognise(headings)
        self.chosen = rules.mapping.of(self.preset)
        self.barred = rules.others.barred(headings)
        self._folded = [fold(heading) for heading in headings]
        dropped = presets.NOT_KEPT | self.preset.not_kept
        self.dropped = [i for i, heading in enumerate(self._folded) if heading in dropped]
        never = {*self.barred, *self.dropped}
        self.fields = [
            mapping.LEFT_OUT if place in never or name in rules.others.no_fields else name
            for place, name in enumerate(mapping.fields(self.preset, headings, self.chosen))
        ]
        self.columns = mapping.places(self.preset, headings, self.fields)
        self.kept = [
            place
            for place, name in enumerate(self.fields)
            if name == mapping.KEPT and headings[place]
        ]
        self.status = presets.by_name(self.preset, sheet.name)
        self.owners: set[str] = set()
        self._owners_seen: set[str] = set()
        self._owner = [i for i, heading in enumerate(self._folded) if heading in foreign.OWNER]
        self._learn()

    def _learn(self) -> None:
        """Take, for each column, what an admin said of its words and of the order of its dates."""
        chosen = self.chosen or mapping.Chosen()
        keys = mapping.keys(self.sheet.headings)
        usual = "month" if self.preset.is_american else ""
        self.orders = [chosen.orders.get(key, usual) for key in keys]
        self._told: dict[int, dict[str, answers.Told]] = {}
        self._words: dict[int, dict[str, str]] = {}
        for place, key in enumerate(keys):
            words, name = chosen.words.get(key, {}), self.fields[place]
            if name in mapping.CONSENT:
                self._told[place] = {
                    word: answers.TOLD[code]
                    for word, code in words.items()
                    if code in answers.TOLD and code in answers.choices(name, word)[1:]
                }
            elif name in mapping.WORDS:
                self._words[place] = words

    def understood(self) -> dict[str, Any]:
        """Say what each column was taken for: `read` is (heading, meaning) pairs, the others are headings."""
        headings = self.sheet.headings
        used = [place for place, name in enumerate(self.fields) if name in presets.LABELS]
        told = {*used, *self.kept, *self.barred, *self.dropped}
        return {
            "sheet": self.sheet.name,
            "preset": self.preset.label,
            "status": self.status or "",
            "read": [[headings[place], presets.LABELS[self.fields[place]]] for place in used],
            "kept": [headings[place] for place in self.kept],
            "left_out": [word for place, word in enumerate(headings) if word and place not in told],
            "orders": [
                [headings[place], self.orders[place]]
                for place in used
                if self.fields[place] in mapping.DATES and self.orders[place]
            ],
            "barred": [headings[place] for place in self.barred],
            "notes": self.sheet.notes,
            "dropped": [headings[place] for place in self.dropped],
        }

    def rows(self, first_line: int) -> Iterator[Row]:
        """Give the rows in turn; `first_line` is the place of the first in the whole file."""
        for place, sheet_line, cells in self.people(first_line):
            yield self._row(Row(place, self.sheet.name, sheet_line), cells)

    def people(self, first_line: int) -> Iterator[tuple[int, int, list[Cell]]]:
        """Give the rows that are no headings and no footers: place in the file, line of the sheet, cells."""
        for place, (sheet_line, cells) in enumerate(self.sheet.rows, start=first_line):
            if self._is_headings(cells) or self._is_footer(cells):
                continue
            if self.preset.guards_cells:
                cells = [c.removeprefix("'") if isinstance(c, str) else c for c in cells]
            yield place, sheet_line, cells

    def read(self, sheet_line: int, cells: list[Cell]) -> Row:
        """Read one row by itself."""
        return self._row(Row(sheet_line, self.sheet.name, sheet_line), cells)

    def is_child(self, cells: list[Cell]) -> bool:
        """Tell whether a row says that somebody is under 13: nothing of it may be kept or shown."""
        return not self._age(Row(0, "", 0), cells)

    def _is_headings(self, cells: list[Cell]) -> bool:
        """Tell whether a row is the headings again, as in files glued together; most are not by their first cell."""
        folded = self._folded
        return (
            bool(cells)
            and fold(str(cells[0])) == folded[0]
            and ([fold(str(cell)) for cell in cells] == folded)
        )

    def _is_footer(self, cells: list[Cell]) -> bool:
        """Tell whether a row stands below the table: one cell is filled, and it is no address."""
        filled = [cell for cell in cells if cell != ""] if self.preset.has_footer else []
        return len(filled) == 1 and "@" not in str(filled[0])

    def _row(self, row: Row, cells: list[Cell]) -> Row:
        for place in self._owner:
            if place < len(cells) and (text := str(cells[place])) not in self._owners_seen:
                self._owners_seen.add(text)
                if name := self.rules.others.named_in(text):
                    self.owners.add(name)
        row.first_name = self._text(row, "first_name", cells)[:120]
        row.last_name = self._text(row, "last_name", cells)[:120]
        if not row.first_name and not row.last_name:
            row.first_name, _, row.last_name = self._text(row, "full_name", cells)[:120].partition(
                " "
            )
        row.external_id = self._text(row, "external_id", cells)[:60]
        self._email(row, cells)
        row.phone = self._normalised(row, "phone", cells, phones.normalise)
        row.postcode = self._normalised(row, "postcode", cells, postcodes.normalise)
        self._tags(row, cells)
        self._roles(row, cells)
        self._topics(row, cells)
        self._membership(row, cells)
        self._permission(row, cells)
        if not self._age(row, cells):
            return emptied(row, self._found("born", cells)[0])
        row.data = {
            self.sheet.headings[i]: str(cells[i])[:500]
            for i in self.kept
            if i < len(cells) and cells[i] != ""
        }
        return row

    def _filled(self, name: str, cells: list[Cell]) -> list[tuple[int, Cell]]:
        """Give place and cell of every column of a field that is not blank, the best first."""
        return [
            (place, cells[place])
            for place in self.columns[name]
            if place < len(cells) and cells[place] != ""
        ]

    def _found(self, name: str, cells: list[Cell]) -> tuple[str, Cell]:
        """Give the heading and the first cell of a field that is not blank."""
        place, cell = self._first(name, cells)
        return self._heading(name, place), cell

    def _first(self, name: str, cells: list[Cell]) -> tuple[int | None, Cell]:
        """Give place and cell of the first column of a field that is not blank; else the place of the first."""
        places = self.columns[name]
        for place in places:
            if place < len(cells) and cells[place] != "":
                return place, cells[place]
        return (places[0] if places else None), ""

    def _heading(self, name: str, place: int | None) -> str:
        return presets.LABELS[name] if place is None else self.sheet.headings[place]

    def _text(self, row: Row, name: str, cells: list[Cell]) -> str:
        heading, cell = self._found(name, cells)
        if meaning.is_broken(text := str(cell)):
            row.faults.append(Fault(heading, text, meaning.BROKEN))
            return ""
        return text

    def _email(self, row: Row, cells: list[Cell]) -> None:
        """Take the first address; Microsoft Forms writes `anonymous` where another column has it."""
        filled = self._filled("email", cells)
        named = [found for found in filled if str(found[1]).strip().lower() != "anonymous"]
        found = named or filled
        place, cell = found[0] if found else self._first("email", cells)
        heading = self._heading("email", place)
        row.email = addresses.clean(str(cell))
        sentence = (
            addresses.fault(row.email) if row.email else "There is no email address in this row."
        )
        if filled and not named:
            sentence = (
                "The form did not note who this is. Ask for the address in a question of its own."
            )
        if sentence:
            row.faults.append(Fault(heading, str(cell), sentence, stops_row=True))

    def _normalised(
        self, row: Row, name: str, cells: list[Cell], normalise: Callable[[str], str | None]
    ) -> str:
        """Give a number or a postcode in its one form; what is none is noted and left out."""
        heading, cell = self._found(name, cells)
        found = normalise(str(cell)) or "" if cell != "" else ""
        if cell != "" and not found:
            row.faults.append(Fault(heading, str(cell), _NONE[name]))
        return found

    def _membership(self, row: Row, cells: list[Cell]) -> None:
        headings = self.sheet.headings
        status = [(headings[place], cell) for place, cell in self._filled("membership", cells)]
        left = [
            (headings[place], cell, self.orders[place])
            for place, cell in self._filled("left_on", cells)
        ]
        row.relationship, faults = relationship.of(status, left, self.rules.now)
        row.faults += [Fault(*fault) for fault in faults]

    def _tags(self, row: Row, cells: list[Cell]) -> None:
        place, cell = self._first("tags", cells)
        told = self._words.get(place, {}) if place is not None else {}
        for word in meaning.listed(cell):
            name = told.get(meaning.folded_word(word), word)[:80]
            if name and name not in row.tags:
                row.tags.append(name)

    def _roles(self, row: Row, cells: list[Cell]) -> None:
        place, cell = self._first("role", cells)
        if place is None or cell == "":
            return
        told, synonyms = self._words.get(place, {}), self.rules.synonyms
        whole = meaning.folded_word(str(cell))
        for word in [str(cell)] if whole in synonyms or whole in told else meaning.listed(cell):
            folded = meaning.folded_word(word)
            answer = told.get(folded)
            role = synonyms.get(folded) if answer is None else self.rules.roles.get(answer)
            if role is not None and role not in row.roles:
                row.roles.append(role)
            elif role is None and answer is None:
                row.faults.append(Fault(self._heading("role", place), word, _NO_ROLE))

    def _topics(self, row: Row, cells: list[Cell]) -> None:
        place, cell = self._first("topic", cells)
        if place is None or cell == "":
            return
        told, topics = self._words.get(place, {}), self.rules.topics
        whole = meaning.folded_word(str(cell))
        for word in [str(cell)] if whole in topics or whole in told else meaning.listed(cell):
            folded = meaning.folded_word(word)
            answer = told.get(folded)
            topic = topics.get(meaning.folded_word(folded if answer is None else answer))
            if topic is not None and topic not in row.topics:
                row.topics.append(topic)
            elif topic is None and answer is None:
                row.faults.append(Fault(self._heading("topic", place), word, _NO_TOPIC))

    def _age(self, row: Row, cells: list[Cell]) -> bool:
        """Set the age band, and forget the date of birth; give whether the person is old enough to be kept."""
        row.age_band = AgeBand.ADULT if self.rules.adults_only else AgeBand.NOT_SAID
        place, cell = self._first("born", cells)
        try:
            born = self._moment(place, cell)
        except meaning.CellError as error:
            heading = self._heading("born", place)
            row.faults.append(Fault(heading, "", f"{error} The age counts as not known."))
            row.age_band = AgeBand.NOT_SAID
            return not self._may_be_child(cell)
        if born is not None:
            age = meaning.years(born[0], self.rules.now)
            row.age_band = max((band for band in AgeBand if band <= age), default=AgeBand.NOT_SAID)
            return age >= AgeBand.FROM_13
        return True

    def _may_be_child(self, cell: Cell) -> bool:
        """Tell whether a birth date that can be read in two ways is one of somebody under 13 in either."""
        if meaning.order_of(str(cell)) not in ("either", "short"):
            return False
        return any(
            meaning.years(meaning.day(born)[0], self.rules.now) < AgeBand.FROM_13
            for born in meaning.ways(str(cell), self.rules.now).values()
        )

    def _permission(self, row: Row, cells: list[Cell]) -> None:
        """What the row says of permission: a no in any of its columns wins over a yes."""
        if self.status is not None:
            row.action = self.preset.by_name[self.status]
            row.bounces = self.status == "cleaned"
        else:
            said = [
                self._consent(row, name, place, cell)
                for name in answers.READERS
                for place, cell in self._filled(name, cells)
            ]
            if self._first("stopped", cells)[1] != "":
                said.append(Action.WITHDRAW)
            row.bounces = row.bounces or any(
                meaning.is_yes(cell) for _, cell in self._filled("bounced", cells)
            )
            refusals = [action for action in said if action and action != Action.GRANT]
            if refusals:
                row.action = max(refusals)  # actions are numbered by gravity
            elif Action.GRANT in said and not row.doubtful:
                row.action = Action.GRANT
        self._dates(row, cells)

    def _consent(self, row: Row, name: str, place: int, cell: Cell) -> Action | None:
        """Read one cell about permission; one that is not understood is noted, and keeps a yes from counting."""
        heading, told = self.sheet.headings[place], self._told.get(place)
        try:
            if told and (answer := told.get(meaning.words_of(cell))):
                row.doubtful = row.doubtful or answer[2]
                return answer[0]
            action, bounces = answers.READERS[name](cell)
            if not meaning.is_known(cell):
                row.doubtful = True
                row.faults.append(Fault(heading, str(cell), _NOT_UNDERSTOOD[name]))
            elif meaning.is_withheld(cell):
                row.doubtful = True
        except meaning.CellError as error:
            row.faults.append(Fault(heading, str(cell), str(error), stops_row=True))
            return None
        row.bounces = row.bounces or bounces
        return action

    def _moment(self, place: int | None, cell: Cell) -> meaning.Interval | None:
        order = "" if place is None else self.orders[place]
        return meaning.moment(cell, self.rules.now, order=order)

    def _dates(self, row: Row, cells: list[Cell]) -> None:
        names = ("said_on",) if row.action == Action.GRANT else ("stopped", "refused_on")
        place, cell = next(
            (found for name in names if (found := self._first(name, cells))[1] != ""),
            self._first(names[-1], cells),
        )
        try:
            row.said = self._moment(place, cell)
        except meaning.CellError as error:
            heading = self._heading(names[-1], place)
            row.faults.append(Fault(heading, str(cell), str(error)))
            if row.action == Action.GRANT:
                row.action = None
        if row.said is None and row.action == Action.GRANT and self.rules.collected_on:
            row.said = meaning.day(self.rules.collected_on)
