"""Runs one benchmark by name in a database of its own, and prints its figures as JSON on the last line."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.core.management import call_command
from psycopg.conninfo import make_conninfo

from config import roles


def main(arguments: list[str]) -> int:
    """Find the benchmark, make it a database if there is none, and run it."""
    here = Path(__file__).parent
    names = sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))
    if not arguments or arguments[0] not in names:
        print(f"bin/bench NAME [arguments]; the names are: {', '.join(names)}")
        return 0 if not arguments else 2
    _own_database()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.development"
    os.environ["COALESCE_LOGIN"] = "owner"
    django.setup()
    call_command("migrate", verbosity=0)
    module = importlib.import_module(f"benchmarks.{arguments[0]}")
    result = module.run(arguments[1:])
    print(json.dumps({"benchmark": arguments[0], **result}))
    return 0


def _own_database() -> None:
    """Point the logins at `coalesce_bench` on the same server, so that nothing else is touched."""
    admin = os.environ["COALESCE_ADMIN_URL"]
    urls = roles.set_up(
        make_conninfo(admin, dbname="coalesce_bench"),
        may_create_databases=True,
    )
    # So is the journal of refusals: beside another database's, this one would look like a restored backup.
    home = Path(os.environ["COALESCE_HOME"]) / "bench"
    home.mkdir(exist_ok=True)
    os.environ["COALESCE_HOME"] = str(home)
    for login, url in urls.items():
        os.environ[f"DATABASE_URL_{login.upper()}"] = url
    # And the broker's queues, so that no worker of an installation takes what a benchmark sends.
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path="/7").geturl()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
