"""Runs the main job on invented people, and then stays up for you to look around.

`python -m demo [--once] [--people N] [--reset]`, called by bin/demo with the services up.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from demo import cast
from demo.job import Job
from demo.servers import Servers
from demo.visitor import FormError
from demo.witness import Witness


def main() -> int:
    """Do the job, or go on from the one that was done; give the exit status."""
    parser = argparse.ArgumentParser(
        prog="bin/demo", description="Coalesce at work on invented people."
    )
    parser.add_argument("--once", action="store_true", help="do the job, print the figures, stop")
    parser.add_argument("--people", type=int, default=1000, help="how many to invent (1000)")
    parser.add_argument("--reset", action="store_true", help="start afresh")
    options = parser.parse_args()
    is_ours = not os.environ.get("DATABASE_URL")
    if options.reset and not is_ours:
        say("The database is somebody else's: empty it there, then run bin/demo without --reset.")
        return 1
    folder = Path(os.environ["COALESCE_HOME"]) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    servers = Servers(folder)
    try:
        result = _work(servers, folder, options.people)
        if options.once:
            say(f"DEMO {json.dumps(result)}")
            return 0
        _look_around(servers)
        ended.wait()
        say("Ending everything …")
        return 0
    except (RuntimeError, FormError, OSError) as error:
        again = "bin/demo --reset" if is_ours else "name an empty database in DATABASE_URL"
        say(f"{error}\nThe logs are in {folder / 'logs'}. To begin again: {again}")
        return 1
    finally:
        servers.stop()


def say(words: str) -> None:
    """Print a line at once."""
    print(words, flush=True)


def _work(servers: Servers, folder: Path, people: int) -> dict[str, object]:
    """Start everything, and do the job unless it was done before."""
    done = folder / "done.json"
    began = time.monotonic()
    servers.start_mail()
    servers.manage("migrate", "--verbosity", "0")
    servers.start_web()
    servers.start_workers()
    servers.keep_up()
    say(f"{time.monotonic() - began:>6.1f} s  started the database, web, workers and mail catcher")
    if done.exists():
        say("          the main job was done before: everything is as it was left")
        found: dict[str, object] = json.loads(done.read_text())
        return found
    with Witness(os.environ["DATABASE_URL_OWNER"]) as witness:
        if witness.people("SOCR"):
            raise RuntimeError("There are people already, of a run that was cut short.")
        result = Job(servers, folder, people, say, witness).run()
    result["total_seconds"] = round(time.monotonic() - began, 1)
    done.write_text(json.dumps(result))
    return result


def _look_around(servers: Servers) -> None:
    """Say where to look, and how to sign in."""
    say(f"\nCoalesce     {servers.base_url}/")
    say(f"Caught mail  {servers.mail_url or 'in your own mail server'}")
    say("\nSign in with the password “" + cast.PASSWORD + "” as")
    for login in cast.LOGINS:
        say(f"  {login.email:<24} {login.role} of {login.organisation}")
    say("A supporter needs no login: open any caught message and follow its link.")
    say("\nCtrl-C ends everything; the next bin/demo goes on from here.")


if __name__ == "__main__":
    sys.exit(main())
