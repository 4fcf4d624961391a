"""An admin says which column is what; the next file with the same headings is read in the same way."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, transaction
from django.utils import timezone

from crm import wall
from crm.models import Role, Tag, Topic, User
from imports import answers, looking, mapping, meaning, presets
from imports.foreign import Others
from imports.mapping import Chosen, Mapping
from imports.models import Import, Problem, SavedMapping, StagedRow
from imports.services import rules_of, why
from imports.vendors import Preset

_State = Import.State


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that an organisation has for roles, topics and tags, and how other partners are called."""

    roles: list[tuple[str, str]]
    synonyms: Map[str, int]
    topics: list[str]
    tags: list[str]
    others: Others

    def unknown(self, what: str, words: list[list[Any]]) -> dict[str, tuple[str, int]]:
        """Give the words of a column (text and count each) that nobody knows, by how they are compared."""
        names = self.topics if what == "topic" else self.tags
        known = self.synonyms if what == "role" else {meaning.folded_word(name) for name in names}
        found: dict[str, tuple[str, int]] = {}
        for cell, count in words:
            whole = what != "tags" and meaning.folded_word(cell) in known
            for word in [cell] if whole else meaning.listed(cell):
                if (folded := meaning.folded_word(word)) and folded not in known:
                    text, before = found.get(folded, (word, 0))
                    found[folded] = (text, before + count)
        return found

    def choices(self, what: str) -> list[tuple[str, str]]:
        """Give what such a word may be."""
        if what == "role":
            return [(mapping.LEFT_OUT, "Leave out"), *self.roles]
        names = self.topics if what == "topic" else self.tags
        return [(mapping.LEFT_OUT, "Leave out"), *((name, name) for name in names)]


def vocabulary(file: Import) -> Vocabulary:
    """Give the words that the page needs. A role that is very personal needs a yes of its own, and is not offered."""
    rules = rules_of(file)
    roles = Role.objects.filter(is_special=False).values_list("code", "label")
    tags = Tag.objects.filter(organisation=file.organisation_id).values_list("name", flat=True)
    topics = Topic.objects.filter(organisation=file.organisation_id).values_list("name", flat=True)
    return Vocabulary(list(roles), rules.synonyms, list(topics), list(tags), rules.others)


def look(*, file: Import) -> Import:
    """Look through an uploaded file for the page *Which column is what*; a file that cannot be read is REFUSED.

    Safe to repeat. What is known of an earlier file with the same headings is filled in.
    """
    with wall.scope("keeper", organisation_id=file.organisation_id):
        mine = Import.objects.select_for_update(skip_locked=True).filter(pk=file.pk).first()
        if mine is None or mine.state != _State.UPLOADED:
            return mine or file
        file = mine
        try:
            file.look = looking.look(file, rules_of(file))
        except OperationalError:
            raise
        except Exception as error:
            file.state, file.trouble = _State.REFUSED, why(file, error)
            file.save(update_fields=["state", "trouble"])
            return file
        file.state, file.trouble, file.recalled_at = _State.ASKING, "", None
        if not file.mapping.get("tables"):
            _recall(file)
        file.save(update_fields=["state", "trouble", "look", "mapping", "recalled_at"])
        return file


def _recall(file: Import) -> None:
    """Fill in what was said of the last file with these headings."""
    saved = SavedMapping.objects.filter(
        organisation=file.organisation_id, shape=file.look["shape"]
    ).first()
    if saved:
        file.mapping = {**saved.mapping, "sheet": file.mapping.get("sheet", "")}
        file.recalled_at = saved.saved_at


def go_on(*, file: Import) -> Import:
    """Read a file without asking, if all was said of an earlier one with the same headings."""
    with wall.scope("keeper", organisation_id=file.organisation_id):
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.ASKING and file.recalled_at and not file.look["sheets"]:
            said = settled(file.look, Mapping.from_json(file.mapping), vocabulary(file))
            if said:
                return _read(file, said)
    return file


def settled(look: dict[str, Any], said: Mapping, words: Vocabulary) -> Mapping | None:
    """Give what was said as it holds for this file; None if the file raises a question that nobody answered."""
    for table in look["tables"]:
        preset = presets.of_code(table["preset"])
        chosen = said.tables[preset.code]
        for column in table["columns"]:
            if not _is_settled(preset, column, chosen, words):
                return None
            order = mapping.order_of(column["orders"], preset)
            if order is not None and chosen.fields.get(column["key"]) in mapping.DATES:
                chosen.orders[column["key"]] = order
    return said


def _is_settled(
    preset: Preset, column: dict[str, Any], chosen: Chosen, vocabulary: Vocabulary
) -> bool:
    """Tell whether nothing about a column is left to ask."""
    key, what = column["key"], chosen.fields.get(column["key"], mapping.LEFT_OUT)
    told = chosen.words.get(key, {})
    if what in mapping.CONSENT:
        asked = {
            folded
            for folded, (text, _) in mapping.together(column["words"] or []).items()
            if len(answers.choices(what, text)) > 1
        }
        checked = key in chosen.checked or mapping.is_sure(preset, what, column["heading"])
        return checked and column["words"] is not None and asked <= told.keys()
    if what in mapping.WORDS:
        return vocabulary.unknown(what, column["words"] or []).keys() <= told.keys()
    if what in mapping.DATES:
        return mapping.order_of(column["orders"], preset) is not None or key in chosen.orders
    return True


def _read(file: Import, said: Mapping) -> Import:
    file.mapping, file.look, file.state = said.as_json(), {}, _State.READING
    file.save(update_fields=["mapping", "look", "state", "recalled_at"])
    return file


def confirm(*, file: Import, said: Mapping, user: User | None) -> Import:
    """Take what an admin said of the columns, keep it for the next such file, and have the file read.

    The second time does nothing.
    """
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state != _State.ASKING:
            return file
        SavedMapping.objects.update_or_create(
            organisation=file.organisation,
            shape=file.look["shape"],
            defaults={
                "mapping": said.for_next().as_json(),
                "saved_by": user,
                "saved_at": timezone.now(),
            },
        )
        file.recalled_at = None
        return _read(file, said)


def choose_sheet(*, file: Import, sheet: str) -> Import:
    """Look at another sheet of a workbook instead."""
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.ASKING and sheet in file.look["sheets"]:
            file.mapping, file.look, file.state = {"sheet": sheet}, {}, _State.UPLOADED
            file.recalled_at = None
            file.save(update_fields=["mapping", "look", "state", "recalled_at"])
    return file


def change(*, file: Import) -> Import:
    """Go back from the preview to the question which column is what."""
    with transaction.atomic(), wall.elevated("keeper"):
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.PREVIEWED:
            StagedRow.objects.filter(file=file).delete()
            Problem.objects.filter(file=file).delete()
            file.state, file.counts = _State.UPLOADED, {}
            file.save(update_fields=["state", "counts"])
    return file
