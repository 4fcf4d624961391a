"""Catches mail: an SMTP server that keeps every message in a folder, and a page to read them on.

Run with: python -m demo.catcher --smtp-port 0 --http-port 0 --folder DIR --announce FILE
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.caught import Caught, Store, read_caught, read_source
from demo.viewer import Viewer

__all__ = ["Caught", "Sink", "catch", "read_caught", "read_source"]

HOST = "127.0.0.1"
NAME = "catcher.localhost"


class Sink:
    """Tells aiosmtpd what to do with a message: keep it, then say so."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, offers: list[str]
    ) -> list[str]:
        """Offer pipelining (RFC 2920) too: aiosmtpd takes commands one by one and loses none."""
        session.host_name = hostname
        return [*offers[:-1], "250-PIPELINING", offers[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a message and return the reply to its sender."""
        source = envelope.content or b""
        assert isinstance(source, bytes)
        try:
            caught = self._store.add(envelope.mail_from or "", list(envelope.rcpt_tos), source)
        except OSError as problem:
            return f"451 4.3.0 Not kept: {problem.strerror}"
        return f"250 2.0.0 Kept as message {caught.n}"


async def catch(smtp_port: int, http_port: int, folder: Path, announce: Path) -> None:
    """Catch mail until the process is told to stop (SIGTERM, SIGINT); 0 means any free port.

    Writes {"smtp": port, "http": port} to `announce` once both ports listen, and removes it again.
    Raises OSError if a port is taken.
    """
    loop = asyncio.get_running_loop()
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    with closing(Store(folder)) as store, viewing(store, http_port) as http:
        sink = Sink(store)
        server = await loop.create_server(
            lambda: SMTP(sink, enable_SMTPUTF8=True, hostname=NAME, loop=loop), HOST, smtp_port
        )
        ports = {"smtp": server.sockets[0].getsockname()[1], "http": http}
        # Closed, but not waited for: senders may keep their connections open for minutes.
        with closing(server), announced(announce, ports):
            await told_to_stop.wait()


@contextmanager
def viewing(store: Store, port: int) -> Iterator[int]:
    """Serve the viewer from a thread while the block runs; gives the port."""
    viewer = Viewer((HOST, port), store)
    thread = Thread(target=viewer.serve_forever, kwargs={"poll_interval": 0.1}, name="viewer")
    thread.start()
    try:
        yield viewer.server_port
    finally:
        viewer.shutdown()
        viewer.server_close()
        thread.join()


@contextmanager
def announced(file: Path, ports: dict[str, int]) -> Iterator[None]:
    """Keep the ports in `file` while the block runs; nobody sees the file half written."""
    draft = file.with_name(f"{file.name}.draft")
    draft.write_text(json.dumps(ports))
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> None:
    """Catch mail as the command line asks, until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m demo.catcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=0, help="0 for any free port (0)")
    parser.add_argument("--http-port", type=int, default=0, help="0 for any free port (0)")
    parser.add_argument("--folder", type=Path, required=True, help="where messages are kept")
    parser.add_argument("--announce", type=Path, required=True, help="where to write the ports")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(catch(options.smtp_port, options.http_port, options.folder, options.announce))
    except OSError as problem:
        parser.exit(1, f"The mail catcher cannot start: {problem}\n")


if __name__ == "__main__":
    main()
