"""House rules that can be read off the code itself; each message names the right way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "crm", "imports", "mailings")
DOMAIN = ("crm", "imports", "mailings")


def files(*folders: str) -> list[Path]:
    """Give the modules under some folders, without what Django generated."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if path.parts[-2:] != ("migrations", "0001_initial.py")]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path: Path) -> list[str]:
    """Give the dotted parts of a module's package, to resolve relative imports against."""
    return list(path.relative_to(ROOT).with_suffix("").parts)


def imports(path: Path, within: ast.AST | None = None) -> Iterator[tuple[str, int]]:
    """Give what a module, or a part of it, imports: dotted names with what is taken from them, and lines."""
    for node in ast.walk(within or tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module_of(path)[: -node.level] if node.level else []
            base = ".".join([*package, *(node.module or "").split(".")]).strip(".")
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def importers(*packages: str, among: tuple[str, ...] = APPS) -> set[str]:
    """Name the modules that import any of some packages or of their parts."""
    return {
        name(path)
        for path in files(*among)
        for imported, _ in imports(path)
        if any(imported == package or imported.startswith(f"{package}.") for package in packages)
    }


# Layout


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    allowed = dict.fromkeys(files(*APPS, "demo", "benchmarks"), 400)
    allowed |= dict.fromkeys(files("tests"), 500)
    long = {
        name(path): lines
        for path, most in allowed.items()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > most
    }
    assert not long, f"Make a package of it, a module for each subject: {long}"


def test_modules_are_named_after_the_subject_they_know() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc"}
    named = {
        name(path)
        for path in files(*APPS, "demo", "benchmarks", "tests")
        if {*path.relative_to(ROOT).with_suffix("").parts} & empty
    }
    assert not named, f"Name it after what it knows, in a word of the field: {named}"


def test_every_module_says_in_its_first_line_what_it_decides_or_knows() -> None:
    silent = {
        name(path)
        for path in files(*APPS, "demo", "benchmarks", "tests")
        if tree(path).body and not (ast.get_docstring(tree(path)) or "").split("\n")[0].strip()
    }
    assert not silent, f"Begin it with a docstring of one sentence: {silent}"


def test_first_party_imports_stand_at_the_top_of_a_module() -> None:
    hidden = {
        f"{name(path)}:{line}"
        for path in files(*APPS, "demo", "benchmarks", "tests")
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for imported, line in imports(path, function)
        if imported.split(".")[0] in (*APPS, "demo", "benchmarks", "tests")
    }
    assert not hidden, (
        f"Move it to the top; if that is a circle, one of the two knows too much: {hidden}"
    )


def test_a_task_takes_ids_makes_one_call_and_is_short() -> None:
    long = {
        f"{name(path)}:{node.lineno} {node.name}"
        for path in files(*APPS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        and any("shared_task" in ast.unparse(mark) for mark in node.decorator_list)
        and _lines_of_body(node) > 10
    }
    assert not long, f"Move the work to a service that the task calls: {long}"


def _lines_of_body(function: ast.FunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


# One place for each decision


DATES = (
    r"(granted_at|confirmed_at|refused_at|refusal|expires_at|needs_confirmation|names_organisation)"
)
# Modules beside the gate and the fold that name the dates of consent, and why that decides nothing.
SHOWS_DATES: dict[str, str] = {
    "crm/models/consent.py": "defines them",
    "crm/sql/fold.py": "derives them from events",
    "crm/consent.py": "is the gate",
    "crm/migrations/0002_wall.py": "a stop is marked at once by the database itself",
    "crm/migrations/0060_one_inbox_at_a_time.py": "waits for its turn, then marks as 0011 does",
    "crm/migrations/0065_joint_mail_ends_again.py": "does so for a stop that is said again",
    "crm/migrations/0011_partner_stops.py": "so is a partner's stop, in the coalition's states",
    "crm/migrations/0076_review_holds.py": "is asked by the gate alone, about the other end of a pair",
    "crm/sql/linking.py": "marks a stop of a linked person at once, as 0060 does",
    "crm/views/permissions.py": "puts the dates in words, beside the gate's own answer",
    "mailings/sql/freezing.py": "of several who may all be mailed, the latest yes gives the version",
}


def _asks_for_dates(path: Path) -> Iterator[int]:
    """Give the lines where dates of consent are compared, filtered on, or named in SQL."""
    whole = re.compile(rf"(^|__){DATES}(__\w+)?$")
    in_sql = re.compile(rf"(?s)(?=.*\b(SELECT|WHERE|JOIN|CASE|SET)\b).*\b{DATES}\b")
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword) and node.arg and whole.search(node.arg):
            yield node.value.lineno
        elif isinstance(node, ast.Compare | ast.BoolOp | ast.IfExp | ast.If):
            tested = node.test if isinstance(node, ast.IfExp | ast.If) else node
            for part in ast.walk(tested):
                if isinstance(part, ast.Attribute) and re.fullmatch(DATES, part.attr):
                    yield node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if whole.search(node.value.partition("state")[2]) or in_sql.match(node.value):
                yield node.lineno


def test_only_the_gate_compares_the_dates_of_consent() -> None:
    asking = {name(path): list(_asks_for_dates(path)) for path in files(*DOMAIN)}
    others = {path: lines for path, lines in asking.items() if lines and path not in SHOWS_DATES}
    assert not others, f"Ask crm.consent.decide for `reasons` instead (house rule 1): {others}"
    assert SHOWS_DATES.keys() <= {path for path, lines in asking.items() if lines}


def test_only_the_dispatcher_imports_the_mail_backend() -> None:
    found = importers("django.core.mail", "smtplib", "anymail", "aiosmtplib")
    others = {path for path in found if not path.startswith("mailings/dispatch")}
    assert not others, (
        f"Hand the message to mailings/dispatch, test sends too (house rule 12): {others}"
    )


def test_only_reading_imports_the_readers_of_spreadsheets() -> None:
    found = importers("python_calamine", "csv", "zipfile", "pandas", "xlrd")
    others = {path for path in found if not path.startswith("imports/reading")}
    assert not others, f"Read files with imports.reading.sheets: {others}"


def test_statistical_matching_stays_in_its_package() -> None:
    found = importers("splink", "duckdb")
    others = {path for path in found if not path.startswith("crm/matching/")}
    assert not others, f"Put it in crm/matching/: {others}"


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        f"{name(path)}:{node.lineno}"
        for path in files(*DOMAIN)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (isinstance(node, ast.alias) and node.name in ("environ", "getenv"))
    }
    assert not reading, (
        f"Read it in config/settings/base.py and use django.conf.settings: {reading}"
    )


def test_no_staff_query_has_a_condition_that_no_index_serves() -> None:
    lookups = re.compile(r"__(iexact|icontains|istartswith|iendswith|iregex|regex|unaccent)\b")
    slow = {
        f"{name(path)}:{getattr(node, 'lineno', '?')}"
        for path in files(*DOMAIN)
        if path.stem != "admin"
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.keyword) and lookups.search(node.arg or ""))
        or (isinstance(node, ast.Constant) and lookups.search(str(node.value)))
    }
    assert not slow, f"Store a folded column and ask for equality or a range (house, Data): {slow}"


# Words on screens

FORBIDDEN = ("batch", "statement", "purpose", "withheld", "in doubt", "contact point")
SHOWN_BY = r"(?:text|title|label|caption|hint|heading|lede|about|label_heading|number_heading|action_label)"


def visible(html: str) -> str:
    """Give the words of a template that somebody can read: no tags, attributes, variables or comments."""
    spoken = re.findall(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"', html)
    spoken += re.findall(
        rf'\b{SHOWN_BY}=(?:"([^"]*)"|\'([^\']*)\')', " ".join(re.findall(r"{%.*?%}", html))
    )
    html = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|<!--.*?-->", " ", html, flags=re.DOTALL)
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r"{{.*?}}|{%.*?%}", " ", html, flags=re.DOTALL)
    html = re.sub(r"<[^>]*>", " ", html)
    words = [html, *("".join(found) for found in spoken)]
    return re.sub(r"\s+", " ", re.sub(r"{{.*?}}|{%.*?%}", " ", " ".join(words))).casefold()


def test_screens_speak_the_words_of_organisers() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): words
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if (
            words := [
                word
                for word in FORBIDDEN
                if re.search(rf"\b{word}(e?s)?\b", visible(path.read_text(encoding="utf-8")))
            ]
        )
    }
    assert not found, f"Take the word for screens from docs/reference/words.md: {found}"


# The readers above find what they look for


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>Your batch</p>", True),
        ('{% include "x.html" with text="This batch" only %}', True),
        ('<button aria-label="Undo the batch">', True),
        ('<p class="batch" data-batch>{{ batch.label }}{# batch #}{% url "batch" %}</p>', False),
    ],
)
def test_what_is_visible_of_a_template_is_told_from_what_is_not(html: str, seen: bool) -> None:
    assert ("batch" in visible(html)) == seen


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("Q(state__refused_at__isnull=True)", True),
        ("if state.granted_at and not state.refused_at: send()", True),
        ("rows.filter(granted_at__lt=now)", True),
        ('cursor.execute("SELECT 1 FROM crm_consentstate WHERE granted_at IS NOT NULL")', True),
        ("shown = {'since': state.granted_at}", False),
    ],
)
def test_a_second_gate_would_be_noticed(code: str, found: bool, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(code)
    assert bool(list(_asks_for_dates(path))) == found
