"""The picture of what speaks for and against one person: bars that start where the one before ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LEFT, WIDTH = 230, 380  # the labels stand left of the bars; in units of the drawing
ROW, BAR = 34, 22
START, SUM = "Before comparing", "In all"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is called, its weight, where it lies, and the line that it starts from."""

    label: str
    words: str
    weight: float
    x: float
    y: int
    width: float
    base: float
    text_y: int
    kind: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All bars, and how large the drawing is."""

    bars: list[Bar]
    height: int
    zero: float
    bar_height: int = BAR
    width: int = LEFT + WIDTH + 20
    label_x: int = LEFT - 12


def draw(match_weight: float, evidence: Sequence[dict[str, Any]]) -> Waterfall | None:
    """Lay out the bars of a score: the start, each comparison, and the sum. None where nothing was weighed."""
    parts = [(str(f["comparison"]), str(f["words"]), float(f["weight"])) for f in evidence]
    if not any(weight for _, _, weight in parts):
        return None
    start = match_weight - sum(weight for _, _, weight in parts)
    steps = [(START, "Two entries taken at random", start), *parts]
    ends = [0.0]
    for _, _, weight in steps:
        ends.append(ends[-1] + weight)
    low, high = min(ends), max(ends)
    scale = WIDTH / ((high - low) or 1)

    def at(value: float) -> float:
        return round(LEFT + (value - low) * scale, 1)

    bars = []
    for place, ((label, words, weight), before, after) in enumerate(
        zip(steps, ends, ends[1:], strict=False)
    ):
        bars.append(_bar(label, words, weight, at(before), at(after), place))
    bars.append(_bar(SUM, "", match_weight, at(0), at(match_weight), len(steps), kind="sum"))
    return Waterfall(bars=bars, height=ROW * len(bars) + 8, zero=at(0))


def _bar(
    label: str, words: str, weight: float, start: float, end: float, place: int, kind: str = ""
) -> Bar:
    y = place * ROW + 4
    return Bar(
        label=label,
        words=words,
        weight=weight,
        x=min(start, end),
        y=y,
        width=max(round(abs(end - start), 1), 1.5),
        base=start,
        text_y=y + BAR // 2 + 5,
        kind=kind or ("for" if weight >= 0 else "against"),
    )


def strength(weight: float) -> str:
    """Say a weight in words: each whole number doubles what speaks for it, or halves it."""
    size = abs(weight)
    if size < 0.5:
        return "Says next to nothing"
    how = (
        "very strongly"
        if size >= 10
        else "strongly"
        if size >= 5
        else "clearly"
        if size >= 2
        else "a little"
    )
    return f"Speaks {how} {'for' if weight > 0 else 'against'} one person"
