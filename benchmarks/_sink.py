"""An SMTP server that writes down, the moment the final dot arrives, whom each message was for; with faults if asked.

A process of its own: `python -m benchmarks._sink PORT FILE [--faults]`. A line of the file is a Message-ID, a tab and
an address. The faults come in a fixed order: each message has a number, and every so many something goes wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re

_ID = re.compile(rb"(?im)^message-id:\s*<([^>]+)>")
_ADDRESS = re.compile(rb"<([^>]*)>")
_OFFER = b"250-sink.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n"
STALL = 2.0  # seconds

# Every so many recipients, the fault; of several that fit, the first.
FAULTS = (
    (1_009, "drops the connection before the message"),
    (1_511, "takes the message and drops the connection"),
    (1_723, "drops the connection at the final dot, and takes nothing"),
    (2_003, "stalls"),
    (601, "421"),
    (97, "greylists"),
    (211, "5xx"),
)


class Sink(asyncio.Protocol):
    """One connection. Commands may come several at once (RFC 2920)."""

    count = 0
    greylisted: set[bytes] = set()

    def __init__(self, file: int, *, with_faults: bool) -> None:
        self._file, self._with_faults = file, with_faults
        self._buffer = bytearray()
        self._answers = bytearray()
        self._is_message = self._is_stalled = False
        self._address = b""
        self._fault = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet. asyncio turns Nagle's delay off by itself."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example.org ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole command and message; all answers of one read go out in one write."""
        self._buffer += data
        while not self._transport.is_closing() and not self._is_stalled:
            ending = b"\r\n.\r\n" if self._is_message else b"\r\n"
            end = self._buffer.find(ending)
            if end < 0:
                break
            line = bytes(self._buffer[:end])
            del self._buffer[: end + len(ending)]
            if self._is_message:
                self._is_message = False
                self._answers += self._message(line)
            else:
                self._answers += self._command(line)
        self._flush()

    def _flush(self) -> None:
        """Write what was answered so far: a fault comes after the answers to what came before it."""
        if self._answers and not self._transport.is_closing():
            self._transport.write(bytes(self._answers))
        self._answers.clear()

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return _OFFER
        if verb == b"RCPT":
            return self._recipient(line)
        if verb == b"DATA":
            if not self._address:
                return b"503 5.5.1 no recipient\r\n"
            self._is_message = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        if verb in (b"MAIL", b"RSET"):
            self._address = b""
        return b"250 2.0.0 OK\r\n"

    def _recipient(self, line: bytes) -> bytes:
        found = _ADDRESS.search(line)
        address = found[1] if found else b""
        self._fault = self._next_fault()
        if self._fault == "drops the connection before the message":
            self._flush()
            self._transport.close()
            return b""
        if self._fault == "421":
            self._flush()
            self._transport.write(b"250 OK\r\n421 4.3.2 closing\r\n421 4.3.2 closing\r\n")
            self._transport.close()
            return b""
        if self._fault == "greylists" and address not in self.greylisted:
            self.greylisted.add(address)
            return b"451 4.7.1 try later\r\n"
        if self._fault == "5xx":
            return b"550 5.1.1 no such user\r\n"
        self._address = address
        return b"250 2.1.5 OK\r\n"

    def _message(self, message: bytes) -> bytes:
        if self._fault == "drops the connection at the final dot, and takes nothing":
            self._transport.abort()
            return b""
        found = _ID.search(message)
        os.write(self._file, (found[1] if found else b"?") + b"\t" + self._address + b"\n")
        self._address = b""
        if self._fault == "takes the message and drops the connection":
            self._transport.abort()
            return b""
        if self._fault == "stalls":
            self._is_stalled = True
            asyncio.get_running_loop().call_later(STALL, self._go_on)
            return b""
        return b"250 2.0.0 taken\r\n"

    def _go_on(self) -> None:
        self._is_stalled = False
        self._answers += b"250 2.0.0 taken\r\n"
        self.data_received(b"")

    def _next_fault(self) -> str:
        if not self._with_faults:
            return ""
        Sink.count += 1
        return next((fault for every, fault in FAULTS if Sink.count % every == 0), "")


async def serve(port: int, path: str, *, with_faults: bool) -> None:
    """Take mail on 127.0.0.1 until the process is ended."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Sink(file, with_faults=with_faults), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.path, with_faults=given.faults))
