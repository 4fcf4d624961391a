"""The page of scenarios is true: each names the tests that show it, or the capability that it waits for."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "scenarios.md"
CAPABILITIES = {"imports", "matching", "campaigns", "areas"}


def rows() -> dict[int, tuple[str, str]]:
    """Give the Then and the Shown by of each scenario."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d+ \|", line):
            number, _, _, then, shown = (cell.strip() for cell in line.strip("|").split(" | "))
            found[int(number)] = (then, shown.rstrip("| "))
    return found


@cache
def sources_in(path: str) -> dict[str, str]:
    """Give the source of each test of a file, with the lines of its heading."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    }


def plain(text: str) -> str:
    """Compare words, not how they are set."""
    return re.sub(r"[^\w@ ]+", "", re.sub(r"\s+", " ", text)).casefold().strip()


def named(shown: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)


def test_all_89_scenarios_are_on_the_page() -> None:
    assert sorted(rows()) == list(range(1, 90))


@pytest.mark.parametrize("number", range(1, 90))
def test_a_scenario_names_the_tests_that_show_it_or_what_it_waits_for(number: int) -> None:
    then, shown = rows()[number]
    tests = named(shown)
    if not tests:
        waits = re.fullmatch(r"waits for: (\w+)", shown)
        assert waits, f"Scenario {number} names neither a test nor what it waits for: {shown}"
        assert waits[1] in CAPABILITIES
        return
    sources = [sources_in(path)[name] for path, name in tests]
    assert all(re.search(rf"[Ss]cenarios? [\d, and]*\b{number}\b", source) for source in sources)
    quoted = [source for source in sources if re.search(rf'"""Scenario {number}:', source)]
    for source in quoted:
        words = re.search(rf'"""Scenario {number}:(.*?)"""', source, re.S)
        assert words is not None
        assert plain(words[1]) in plain(then) or plain(then) in plain(words[1]), (
            f"The test of scenario {number} quotes something else than its Then."
        )
