"""The processes of one installation: the web, the workers, their clock and the mail catcher."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Servers:
    """What was started, in order, and where it answers."""

    folder: Path
    base_url: str = ""
    mail_url: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _commands: dict[str, tuple[list[str], dict[str, str]]] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start_mail(self) -> None:
        """Start the mail catcher, unless COALESCE_SMTP names somebody else's."""
        self.environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.development"}
        if os.environ.get("COALESCE_SMTP"):
            return
        announced = self.folder / "catcher.json"
        announced.unlink(missing_ok=True)
        self._start(
            "catcher",
            [
                *("-m", "demo.catcher", "--smtp-port", "0", "--http-port", "0"),
                *("--folder", str(self.folder / "mail"), "--announce", str(announced)),
            ],
        )
        _wait_until(announced.exists, "the mail catcher")
        ports = json.loads(announced.read_text())
        self.environment["COALESCE_SMTP"] = f"smtp://127.0.0.1:{ports['smtp']}"
        self.mail_url = f"http://127.0.0.1:{ports['http']}/"

    def start_web(self) -> None:
        """Start the web server, and wait until it answers."""
        port = int(os.environ.get("COALESCE_PORT") or free_port())
        self.base_url = f"http://127.0.0.1:{port}"
        self.environment["COALESCE_BASE_URL"] = self.base_url
        self._start(
            "web",
            ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2"],
            COALESCE_LOGIN="web",
        )
        _wait_until(lambda: _answers(f"{self.base_url}/sign-in/"), "the web server")

    def start_workers(self) -> None:
        """Start the workers and their clock."""
        celery = ["-m", "celery", "-A", "config", "worker", "--loglevel", "INFO"]
        for name, processes, queues in (
            ("worker", "2", "default,imports,bulk"),
            # What must not wait for a campaign: stops, links, confirmations.
            ("quick-worker", "1", "transactional,default"),
            ("matcher", "1", "matching"),
        ):
            chosen = ["--concurrency", processes, "--queues", queues, "--hostname", f"{name}@%h"]
            self._start(name, [*celery, *chosen], COALESCE_LOGIN="worker")
        clock = ["-m", "celery", "-A", "config", "beat", "--schedule", str(self.folder / "beat")]
        self._start("beat", clock, COALESCE_LOGIN="worker")

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of bin/manage; give what it printed. Raises CalledProcessError."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"bin/manage {arguments[0]} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def stop(self) -> None:
        """End everything that was started, the last first, and wait for it."""
        self._stopping.set()
        processes = list(reversed(self._running.values()))
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def keep_up(self) -> None:
        """Start again whatever ends by itself, as a service manager does, until everything is stopped."""
        threading.Thread(target=self._keep_up, daemon=True).start()

    def _keep_up(self) -> None:
        while not self._stopping.wait(1):
            for name, process in list(self._running.items()):
                if process.poll() is not None and not self._stopping.is_set():
                    self._begin(name)

    def _start(self, name: str, arguments: list[str], **extra: str) -> None:
        self._commands[name] = ([sys.executable, *arguments], {**self.environment, **extra})
        self._begin(name)

    def _begin(self, name: str) -> None:
        command, environment = self._commands[name]
        (self.folder / "logs").mkdir(exist_ok=True)
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to pass on, in order
            )


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _wait_until(ready: object, what: str) -> None:
    assert callable(ready)
    end = time.monotonic() + 60
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not start within a minute: see the logs.")
        time.sleep(0.1)
