"""Is a message of ours signed, read alike by two parsers, and taken for wanted mail? Exits with 1 if not.

A message is made as the dispatcher makes it, signed by rspamd, and looked at by rspamd as by a stranger's mail server:
DKIM, SPF and DMARC against a name server of this machine, and a score. dkimpy verifies the signature, too; Python's
and Perl's parsers must find the subject, text and HTML that were written. `--message FILE` looks at a message that
your relay signed and somebody received, as saved by *show original*, with the world's DNS. Needs Debian's packages
rspamd and libmime-tools-perl.
"""

from __future__ import annotations

import argparse
import base64
import email
import email.policy
import json
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from benchmarks import _venvs, filling
from benchmarks._yardsticks import wait_for
from benchmarks.sending import BODY, SUBJECT
from demo.servers import free_port
from mailings import rendering
from mailings.dispatch import moulds
from mailings.models import Version

HIGHEST = 2.0  # score; rspamd marks mail from 6, and greylists from 4
FROM, TO = "192.0.2.25", "zoe@receiver.example.org"  # RFC 5737
_SELECTOR = "bench"
_SIGNS = (
    "(o)from:(o)reply-to:(o)subject:(o)date:(o)message-id:(o)to:(o)mime-version:(o)content-type:(o)list-id:"
    "(o)list-unsubscribe:(o)list-unsubscribe-post:(o)list-help:(o)feedback-id"
)
_MUST_SIGN = ("from", "subject", "list-unsubscribe", "list-unsubscribe-post")  # RFC 8058, 4


def run(arguments: list[str]) -> dict[str, Any]:
    """Make, sign, parse, verify and score a message. Raises SystemExit with what is wrong."""
    parser = argparse.ArgumentParser(prog="bin/bench deliverability")
    parser.add_argument("--message", type=Path, help="a signed message of your own")
    options = parser.parse_args(arguments)
    for program, package in (("rspamd", "rspamd"), ("rspamc", "rspamd"), ("perl", "perl")):
        if not shutil.which(program):
            raise SystemExit(f"There is no {program} here: install Debian's package {package}.")
    python = _venvs.python_with("deliverability")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        if options.message:
            message, zone, meant = options.message, None, None
            found = stack.enter_context(_rspamd(folder, None))
        else:
            letter, plain = _made(folder)
            domain = letter.sender.rpartition("@")[2].strip(">")
            zone = _zone(folder, domain)
            port = free_port()
            names = [str(python), str(Path(__file__).parent / "_names.py"), str(port), str(zone)]
            stack.callback(_started(names).terminate)
            found = stack.enter_context(_rspamd(folder, port, domain))
            message, meant = _signed(folder, plain, found), _parts_of(letter)
        parsed = _by_python(message), _by_perl(message)
        scored = _scored(message, found)
        verify = [str(python), str(Path(__file__).parent / "_signature.py"), str(message)]
        dkim = json.loads(_output([*verify, str(zone)] if zone else verify))
    result = {
        "dkim_valid": dkim["valid"],
        "dkim_signs": dkim["signed"],
        "parsers_agree": parsed[0] == parsed[1] and meant in (None, parsed[0]),
        "score": scored["score"],
        "because": {name: round(symbol["score"], 2) for name, symbol in scored["symbols"].items()},
    }
    if wrong := _wrong(result, dkim["why"]):
        print(json.dumps(result))
        raise SystemExit(" ".join(wrong))
    return result


def _wrong(result: dict[str, Any], why: str) -> list[str]:
    """Give sentences for what is not as it must be."""
    found = []
    if not result["dkim_valid"]:
        found.append(f"The DKIM signature is missing or does not hold. {why}".strip())
    elif missing := [name for name in _MUST_SIGN if name not in result["dkim_signs"]]:
        found.append(f"DKIM does not sign {', '.join(missing)}: add them to the relay's list.")
    if not result["parsers_agree"]:
        found.append("Two parsers read the message differently.")
    if result["score"] > HIGHEST:
        found.append(f"rspamd's score is {result['score']}, above {HIGHEST}.")
    return found


def _made(folder: Path) -> tuple[rendering.Letter, Path]:
    """Make a message by a mould, as the dispatcher does, and the letter that it was made from."""
    filling.fill(1_000)
    campaign, _ = filling.frozen_campaign(100, name="deliverability", subject=SUBJECT, body=BODY)
    version = Version.objects.select_related("organisation", "campaign").get(campaign=campaign)
    prepared = rendering.prepare(version, partners=campaign.on_behalf_of())
    values = {"first_name": "Zoë", "last_name": "Example"}
    letter = rendering.letter(prepared, values=values, token="x" * 60, message_id=_ID)
    sealed = moulds.Moulds(prepared).cast(values=values, token="x" * 60, message_id=_ID, address=TO)
    path = folder / "plain.eml"
    path.write_bytes(sealed.content)
    return letter, path


_ID = uuid.UUID(int=0xC0A1E5CE)


def _zone(folder: Path, domain: str) -> Path:
    """Make a DKIM key, and write what DNS says of the sender's domain."""
    made = _output(
        ["rspamadm", "dkim_keygen", "-s", _SELECTOR, "-d", domain, "-k", str(folder / "key")]
    )
    key = "".join(re.findall(r'"([^"]*)"', made))
    parts = " ".join(f'"{key[at : at + 250]}"' for at in range(0, len(key), 250))
    backwards = ".".join(reversed(FROM.split(".")))
    zone = {
        f"{_SELECTOR}._domainkey.{domain} TXT": [parts],
        f"{domain} TXT": [f'"v=spf1 ip4:{FROM} -all"'],
        f"_dmarc.{domain} TXT": ['"v=DMARC1; p=reject"'],
        f"{domain} MX": [f"10 mail.{domain}."],
        f"mail.{domain} A": [FROM],
        f"{domain} A": [FROM],
        f"{backwards}.in-addr.arpa PTR": [f"mail.{domain}."],
    }
    path = folder / "zone.json"
    path.write_text(json.dumps(zone))
    return path


@contextmanager
def _rspamd(folder: Path, names: int | None, domain: str = "") -> Iterator[str]:
    """Start rspamd with Debian's rules on ports of this machine; give where it scans.

    With a port of a name server it asks that one alone, and signs for the domain.
    """
    port, own = free_port(), folder / "rspamd"
    (own / "local.d").mkdir(parents=True)
    written = {
        "worker-normal.inc": f'bind_socket = "127.0.0.1:{port}";',
        "worker-proxy.inc": "enabled = false;",
        "worker-controller.inc": "enabled = false;",
        "worker-fuzzy.inc": "enabled = false;",
        "logging.inc": f'type = "file"; filename = "{own}/log"; level = "warning";',
        "greylist.conf": "enabled = false;",
        "rbl.conf": "enabled = false;",
        "fuzzy_check.conf": "enabled = false;",
    }
    if names is not None:
        written["options.inc"] = f'dns {{ nameserver = ["127.0.0.1:{names}"]; timeout = 1s; }}'
        # The key itself: rspamd 3.4 takes the name of a file in this place for a key, too.
        key = "".join((folder / "key").read_text().splitlines()[1:-1])
        written["dkim_signing.conf"] = (
            "allow_username_mismatch = true;\n"
            f'signing_table = [ "*@{domain} bench" ];\n'
            f'key_table = [ "bench {domain}:{_SELECTOR}:{key}" ];\n'
            f'sign_headers = "{_SIGNS}";\n'
        )
    for name, content in written.items():
        (own / "local.d" / name).write_text(content + "\n")
    places = [f"--var={name}={own}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
    process = _started(["rspamd", "--no-fork", "--insecure", *places])
    try:
        wait_for(port, "rspamd")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _signed(folder: Path, plain: Path, scanner: str) -> Path:
    """Have rspamd sign, as for somebody who logged in to send."""
    sender = email.message_from_bytes(plain.read_bytes())["From"]
    address = email.utils.parseaddr(sender)[1]
    command = ["rspamc", "-h", scanner, "--json", "--user", address, "--from", address]
    answer = json.loads(_output([*command, "--rcpt", TO, str(plain)]))
    signature = answer.get("dkim-signature", "").replace("\r\n", "\n").replace("\n", "\r\n")
    path = folder / "signed.eml"
    path.write_bytes(f"DKIM-Signature: {signature}\r\n".encode() + plain.read_bytes())
    return path


def _scored(message: Path, scanner: str) -> dict[str, Any]:
    """Have rspamd look at a message as it comes from outside."""
    sender = email.utils.parseaddr(email.message_from_bytes(message.read_bytes())["From"])[1]
    host = f"mail.{sender.rpartition('@')[2]}"
    command = ["rspamc", "-h", scanner, "--json", "--from", sender, "--rcpt", TO]
    answer = _output([*command, "-i", FROM, "--hostname", host, "--helo", host, str(message)])
    return cast(dict[str, Any], json.loads(answer))


Parts = tuple[str, str, str]


def _parts_of(letter: rendering.Letter) -> Parts:
    return letter.subject, _lines(letter.text), _lines(letter.html)


def _by_python(message: Path) -> Parts:
    """Read subject, text and HTML with Python's parser."""
    made = email.message_from_bytes(message.read_bytes(), policy=email.policy.default)
    bodies = [made.get_body((kind,)) for kind in ("plain", "html")]
    text, page = (
        _lines(cast(EmailMessage, body).get_content()) if body is not None else ""
        for body in bodies
    )
    return str(made["Subject"]), text, page


def _by_perl(message: Path) -> Parts:
    """Read them with Perl's."""
    lines = _output(["perl", str(Path(__file__).parent / "_parse.pl"), str(message)]).splitlines()
    subject, text, page = (base64.b64decode(line).decode() for line in lines)
    return subject, _lines(text), _lines(page)


def _lines(text: str) -> str:
    """Parsers end lines, and the last one, in their own ways."""
    return text.replace("\r\n", "\n").rstrip("\n")


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
