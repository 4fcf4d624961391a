"""Which messages of a chunk may leave now: asked once for the chunk, and again only when a receiver says *later*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from mailings import groups
from mailings.reports import enhanced_code
from mailings.sql import pace, queue

_STRIKES = 5  # times that a group says later in one chunk before it rests
_WAITS = "waits for its turn"


@dataclass
class Turn:
    """A chunk's messages that may leave, and when those that may not are to be tried again."""

    route: str
    messages: list[queue.Message]
    reserved: dict[str, int]
    again_after: timedelta | None = None
    _resting: set[str] = field(default_factory=set)
    _strikes: Counter[str] = field(default_factory=Counter)
    _place: int = 0

    def __iter__(self) -> Iterator[queue.Message]:
        """Give the messages in order, but those of a group that was told to rest meanwhile."""
        for place, message in enumerate(self.messages):
            self._place = place
            if self._resting and groups.of(message.address) in self._resting:
                continue
            yield message

    def following(self) -> queue.Message | None:
        """Give the message that comes after the present one, unless its group is told to rest meanwhile."""
        for message in self.messages[self._place + 1 :]:
            if not self._resting or groups.of(message.address) not in self._resting:
                return message
        return None

    def later(self, answer: str) -> None:
        """Take note that the receiver of the present message says *later*; let its group rest if it often does.

        A refusal by policy (4.7.x) counts at once. The others are many receivers, of which each speaks for itself.
        """
        group = groups.of(self.messages[self._place].address)
        if group == groups.OTHER:
            return
        self._strikes[group] += 1
        if self._strikes[group] >= _STRIKES or enhanced_code(answer).startswith("4.7."):
            self.rest(group)

    def busy(self) -> None:
        """Take note that the server closed the line (421) at the present message."""
        group = groups.of(self.messages[self._place].address)
        if group != groups.OTHER:
            pace.rest(self.route, group)

    def rest(self, group: str) -> None:
        """Pass over all other messages to a group, and all chunks' for some minutes."""
        if group in self._resting:
            return
        self._resting.add(group)
        pace.rest(self.route, group)
        rest = self.messages[self._place + 1 :]
        pace.hold_back([m.delivery_id for m in rest if groups.of(m.address) == group], _WAITS)
        self._wait(timedelta(minutes=1))

    def close(self, domains: Mapping[int, str], sent: list[int]) -> None:
        """Take back from the day's count what new domains did not send after all."""
        if not self.reserved:
            return
        gone = set(sent)
        many = Counter(domains[m.version_id] for m in self.messages if m.delivery_id in gone)
        unsent = {name: count - many[name] for name, count in self.reserved.items()}
        if any(unsent.values()):
            pace.give_back(unsent)

    def _wait(self, how_long: timedelta) -> None:
        self.again_after = max(self.again_after or how_long, how_long)


def turn(route: str, messages: list[queue.Message], domains: Mapping[int, str]) -> Turn:
    """Take a chunk's turn. `domains`: what each version is sent from."""
    wanted = Counter(groups.of(message.address) for message in messages)
    grants = pace.take(route, wanted, settings.COALESCE_PACE) if messages else {}
    left = {group: grant.messages for group, grant in grants.items()}
    now = _first(messages, left, lambda message: groups.of(message.address))
    reserved = pace.reserve(Counter(domains[m.version_id] for m in now)) if now else {}
    may = _first(now, dict(reserved), lambda message: domains[message.version_id])
    found = Turn(route, may, reserved)
    for group, grant in grants.items():
        if grant.messages < wanted[group]:
            found._wait(timedelta(seconds=grant.wait))
    if len(may) < len(now):
        found._wait(pace.until_tomorrow())
    if may and len(may) < len(messages):
        going = {message.delivery_id for message in may}
        pace.hold_back([m.delivery_id for m in messages if m.delivery_id not in going], _WAITS)
    return found


def _first(
    messages: list[queue.Message],
    left: dict[str, int],
    of: Callable[[queue.Message], str],
) -> list[queue.Message]:
    """Give the first messages of each kind, as many as are left of it; of a kind that is not named, all."""
    if not left:
        return messages
    found = []
    for message in messages:
        kind = of(message)
        if kind in left:
            if left[kind] <= 0:
                continue
            left[kind] -= 1
        found.append(message)
    return found
