"""Each folder of embedded services has a broker of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config import embedded


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two folders; whatever was started in them is ended."""
    found = tmp_path / "one", tmp_path / "other"
    for folder in found:
        folder.mkdir()
    yield found
    for folder in found:
        known = folder / "valkey.json"
        if known.exists():
            redis.Redis.from_url(json.loads(known.read_text())["url"]).shutdown(nosave=True)


def test_a_broker_that_runs_is_joined(folders: tuple[Path, Path]) -> None:
    one, _ = folders
    assert embedded._start_valkey(one) == embedded._start_valkey(one)


def test_a_port_that_somebody_took_in_this_moment_costs_another_try(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        taken = int(theirs.getsockname()[1])
        ports = iter([taken, embedded._free_port()])
        monkeypatch.setattr(embedded, "_free_port", lambda: next(ports))
        assert not embedded._start_valkey(folders[0]).endswith(f":{taken}/0")


def test_a_broker_of_another_folder_at_the_same_port_is_not(folders: tuple[Path, Path]) -> None:
    one, other = folders
    url = embedded._start_valkey(one)
    (other / "valkey.json").write_text(json.dumps({"url": url}))
    assert embedded._start_valkey(other) != url
