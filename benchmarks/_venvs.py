"""Runs a peer's program in a venv of its own, made the first time from a lock file."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

from config.embedded import ROOT


def python_with(lock: str) -> Path:
    """Give the Python of a venv under .local/ that holds what `benchmarks/<lock>.txt` names."""
    place = ROOT / ".local" / f"bench-{lock}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        venv.create(place, with_pip=True, clear=True)
        wanted = Path(__file__).parent / f"{lock}.txt"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
        subprocess.run([*pip, str(wanted)], check=True)
        (place / "ready").touch()
    return python
