"""From a file's rows to staged rows: each cell is read once, and what is wrong with it becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from crm.identity import addresses, phones, postcodes
from crm.models import Action, AgeBand
from imports import answers, foreign, mapping, meaning, presets, relationship
from imports.headings import fold
from imports.reading import Cell, Sheet
from imports.rows import Cells, Fault, Part, Row, Told, emptied
from imports.rules import Rules

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


class _Said(NamedTuple):
    """What one cell about permission says."""

    action: Action | None = None
    bounces: bool = False
    doubtful: bool = False
    fault: Fault | None = None


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
        self._age = self._part(self._read_age, "born")
        self._parts = self._parts_in_order()

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

    def _parts_in_order(self) -> list[Part]:
        """Give what reads a row: each part tells the next fields of a Row."""
        rules, topics = self.rules, self.rules.topics
        roles = partial(self._read_words, "role", rules.synonyms, rules.roles.get, _NO_ROLE)
        subjects = partial(
            self._read_words,
            "topic",
            topics,
            lambda answer: topics.get(meaning.folded_word(answer)),
            _NO_TOPIC,
        )
        phone = partial(self._read_normalised, "phone", phones.normalise)
        postcode = partial(self._read_normalised, "postcode", postcodes.normalise)
        said = (*answers.READERS, "stopped", "bounced", "said_on", "refused_on")
        return [
            self._part(self._read_names, "first_name", "last_name", "full_name"),
            self._part(self._read_number, "external_id"),
            self._part(self._read_email, "email"),
            self._part(phone, "phone"),
            self._part(postcode, "postcode"),
            self._part(self._read_tags, "tags"),
            self._part(roles, "role"),
            self._part(subjects, "topic"),
            self._part(self._read_membership, "membership", "left_on"),
            self._part(self._read_permission, *said),
            self._age,
        ]

    def _part(self, read: Callable[[Cells], Told], *fields: str) -> Part:
        return Part((place for name in fields for place in self.columns[name]), read)

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
            yield self._row(place, sheet_line, cells)

    def people(self, first_line: int) -> Iterator[tuple[int, int, list[Cell]]]:
        """Give the rows that are no headings and no footers: place in the file, line, and as many cells or more."""
        width = len(self._folded)
        for place, (sheet_line, cells) in enumerate(self.sheet.rows, start=first_line):
            if self._is_headings(cells) or self._is_footer(cells):
                continue
            if self.preset.guards_cells:
                cells = [c.removeprefix("'") if isinstance(c, str) else c for c in cells]
            if len(cells) < width:
                cells = [*cells, *[""] * (width - len(cells))]
            yield place, sheet_line, cells

    def read(self, sheet_line: int, cells: list[Cell]) -> Row:
        """Read one row by itself: a cell for each heading."""
        return self._row(sheet_line, sheet_line, cells)

    def is_child(self, cells: list[Cell]) -> bool:
        """Tell whether a row says that somebody is under 13: nothing of it may be kept or shown."""
        (band,), _ = self._age(cells)
        return band is None

    def _is_headings(self, cells: list[Cell]) -> bool:
        """Tell whether a row is the headings again, as in files glued together; most are not by their first cell."""
        first = str(cells[0]) if cells else "@"
        return (
            "@" not in first  # as in no heading: such a file is refused
            and fold(first) == self._folded[0]
            and [fold(str(cell)) for cell in cells] == self._folded
        )

    def _is_footer(self, cells: list[Cell]) -> bool:
        """Tell whether a row stands below the table: one cell is filled, and it is no address."""
        filled = [cell for cell in cells if cell != ""] if self.preset.has_footer else []
        return len(filled) == 1 and "@" not in str(filled[0])

    def _row(self, line: int, sheet_line: int, cells: list[Cell]) -> Row:
        for place in self._owner:
            if (text := str(cells[place])) not in self._owners_seen:
                self._owners_seen.add(text)
                if name := self.rules.others.named_in(text):
                    self.owners.add(name)
        values: tuple[Any, ...] = (line, self.sheet.name, sheet_line)
        faults: tuple[Fault, ...] = ()
        for part in self._parts:
            said, wrong = part(cells)
            values += said
            faults += wrong
        headings = self.sheet.headings
        data = {headings[i]: str(cells[i])[:500] for i in self.kept if cells[i] != ""}
        row = Row._make((*values, faults, data))
        return (
            emptied(row, self._found("born", dict(enumerate(cells)))[0])
            if row.age_band is None
            else row
        )

    def _filled(self, name: str, cells: Cells) -> list[tuple[int, Cell]]:
        """Give place and cell of every column of a field that is not blank, the best first."""
        return [(place, cells[place]) for place in self.columns[name] if cells[place] != ""]

    def _found(self, name: str, cells: Cells) -> tuple[str, Cell]:
        """Give the heading and the first cell of a field that is not blank."""
        place, cell = self._first(name, cells)
        return self._heading(name, place), cell

    def _first(self, name: str, cells: Cells) -> tuple[int | None, Cell]:
        """Give place and cell of the first column of a field that is not blank; else the place of the first."""
        places = self.columns[name]
        for place in places:
            if cells[place] != "":
                return place, cells[place]
        return (places[0] if places else None), ""

    def _heading(self, name: str, place: int | None) -> str:
        return presets.LABELS[name] if place is None else self.sheet.headings[place]

    def _text(self, name: str, cells: Cells) -> tuple[str, tuple[Fault, ...]]:
        heading, cell = self._found(name, cells)
        if meaning.is_broken(text := str(cell)):
            return "", (Fault(heading, text, meaning.BROKEN),)
        return text, ()

    def _read_names(self, cells: Cells) -> Told:
        first, faults = self._text("first_name", cells)
        last, more = self._text("last_name", cells)
        first, last, faults = first[:120], last[:120], faults + more
        if not first and not last:
            whole, more = self._text("full_name", cells)
            first, _, last = whole[:120].partition(" ")
            faults += more
        return (first, last), faults

    def _read_number(self, cells: Cells) -> Told:
        text, faults = self._text("external_id", cells)
        return (text[:60],), faults

    def _read_email(self, cells: Cells) -> Told:
        """Take the first address; Microsoft Forms writes `anonymous` where another column has it."""
        filled = self._filled("email", cells)
        named = [found for found in filled if str(found[1]).strip().lower() != "anonymous"]
        found = named or filled
        place, cell = found[0] if found else self._first("email", cells)
        email = addresses.clean(str(cell))
        sentence = addresses.fault(email) if email else "There is no email address in this row."
        if filled and not named:
            sentence = (
                "The form did not note who this is. Ask for the address in a question of its own."
            )
        if sentence is None:
            return (email,), ()
        return (email,), (
            Fault(self._heading("email", place), str(cell), sentence, stops_row=True),
        )

    def _read_normalised(
        self, name: str, normalise: Callable[[str], str | None], cells: Cells
    ) -> Told:
        """Give a number or a postcode in its one form; what is none is noted and left out."""
        heading, cell = self._found(name, cells)
        found = normalise(str(cell)) or "" if cell != "" else ""
        if cell != "" and not found:
            return ("",), (Fault(heading, str(cell), _NONE[name]),)
        return (found,), ()

    def _read_membership(self, cells: Cells) -> Told:
        headings = self.sheet.headings
        status = [(headings[place], cell) for place, cell in self._filled("membership", cells)]
        left = [
            (headings[place], cell, self.orders[place])
            for place, cell in self._filled("left_on", cells)
        ]
        code, faults = relationship.of(status, left, self.rules.now)
        return (code,), tuple(Fault(*fault) for fault in faults)

    def _read_tags(self, cells: Cells) -> Told:
        place, cell = self._first("tags", cells)
        told = self._words.get(place, {}) if place is not None else {}
        names = (told.get(meaning.folded_word(word), word)[:80] for word in meaning.listed(cell))
        return (tuple(dict.fromkeys(name for name in names if name)),), ()

    def _read_words(
        self,
        name: str,
        known: Mapping[str, int],
        answered: Callable[[str], int | None],
        sentence: str,
        cells: Cells,
    ) -> Told:
        """Give what the words of a cell stand for; an admin's answer for a word comes before what is known of it."""
        place, cell = self._first(name, cells)
        if place is None or cell == "":
            return ((),), ()
        told, found, faults = self._words.get(place, {}), dict[int, None](), list[Fault]()
        whole = meaning.folded_word(str(cell))
        for word in [str(cell)] if whole in known or whole in told else meaning.listed(cell):
            folded = meaning.folded_word(word)
            answer = told.get(folded)
            number = known.get(folded) if answer is None else answered(answer)
            if number is not None:
                found[number] = None
            elif answer is None:
                faults.append(Fault(self._heading(name, place), word, sentence))
        return (tuple(found),), tuple(faults)

    def _read_age(self, cells: Cells) -> Told:
        """Give the age band, and forget the date of birth; None for somebody too young to be kept."""
        place, cell = self._first("born", cells)
        try:
            born = self._moment(place, cell)
        except meaning.CellError as error:
            fault = Fault(self._heading("born", place), "", f"{error} The age counts as not known.")
            return (None if self._may_be_child(cell) else AgeBand.NOT_SAID,), (fault,)
        if born is None:
            return (AgeBand.ADULT if self.rules.adults_only else AgeBand.NOT_SAID,), ()
        age = meaning.years(born[0], self.rules.now)
        if age < AgeBand.FROM_13:
            return (None,), ()
        return (max(band for band in AgeBand if band <= age),), ()

    def _may_be_child(self, cell: Cell) -> bool:
        """Tell whether a birth date that can be read in two ways is one of somebody under 13 in either."""
        if meaning.order_of(str(cell)) not in ("either", "short"):
            return False
        return any(
            meaning.years(meaning.day(born)[0], self.rules.now) < AgeBand.FROM_13
            for born in meaning.ways(str(cell), self.rules.now).values()
        )

    def _read_permission(self, cells: Cells) -> Told:
        """What the row says of permission: a no in any of its columns wins over a yes."""
        action, bounces, faults = self._said(cells)
        action, said, more = self._dated(action, cells)
        return (action, bounces, said), faults + more

    def _said(self, cells: Cells) -> tuple[Action | None, bool, tuple[Fault, ...]]:
        """Give what the cells about permission say together: action, whether mail comes back, what is wrong."""
        if self.status is not None:
            return self.preset.by_name[self.status], self.status == "cleaned", ()
        said = [
            self._consent(name, place, cell)
            for name in answers.READERS
            for place, cell in self._filled(name, cells)
        ]
        faults = tuple(one.fault for one in said if one.fault)
        bounces = any(one.bounces for one in said) or any(
            meaning.is_yes(cell) for _, cell in self._filled("bounced", cells)
        )
        actions = [one.action for one in said if one.action]
        if self._first("stopped", cells)[1] != "":
            actions.append(Action.WITHDRAW)
        refusals = [action for action in actions if action != Action.GRANT]
        if refusals:
            return max(refusals), bounces, faults  # actions are numbered by gravity
        is_yes = bool(actions) and not any(one.doubtful for one in said)
        return Action.GRANT if is_yes else None, bounces, faults

    def _consent(self, name: str, place: int, cell: Cell) -> _Said:
        """Read one cell about permission; one that is not understood is noted, and keeps a yes from counting."""
        heading, told = self.sheet.headings[place], self._told.get(place)
        try:
            if told and (answer := told.get(meaning.words_of(cell))):
                return _Said(answer[0], doubtful=answer[2])
            action, bounces = answers.READERS[name](cell)
            if not meaning.is_known(cell):
                fault = Fault(heading, str(cell), _NOT_UNDERSTOOD[name])
                return _Said(action, bounces, doubtful=True, fault=fault)
            return _Said(action, bounces, doubtful=meaning.is_withheld(cell))
        except meaning.CellError as error:
            return _Said(fault=Fault(heading, str(cell), str(error), stops_row=True))

    def _moment(self, place: int | None, cell: Cell) -> meaning.Interval | None:
        order = "" if place is None else self.orders[place]
        return meaning.moment(cell, self.rules.now, order=order)

    def _dated(
        self, action: Action | None, cells: Cells
    ) -> tuple[Action | None, meaning.Interval | None, tuple[Fault, ...]]:
        """Give the action, when it was said, and what is wrong with the date: a yes without a sound one is none."""
        names = ("said_on",) if action == Action.GRANT else ("stopped", "refused_on")
        place, cell = next(
            (found for name in names if (found := self._first(name, cells))[1] != ""),
            self._first(names[-1], cells),
        )
        try:
            said = self._moment(place, cell)
        except meaning.CellError as error:
            fault = Fault(self._heading(names[-1], place), str(cell), str(error))
            return None if action == Action.GRANT else action, None, (fault,)
        if said is None and action == Action.GRANT and self.rules.collected_on:
            said = meaning.day(self.rules.collected_on)
        return action, said, ()
