"""The mail server of the benchmark of sending writes down what it took, and nothing else."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from benchmarks._yardsticks import sink

MESSAGE = b"Message-ID: <one@example.org>\r\n\r\nHello\r\n"


def test_it_writes_each_message_down_before_it_answers(tmp_path: Path) -> None:
    with sink(tmp_path / "log") as server, smtplib.SMTP(server.host, server.port) as client:
        client.sendmail("news@example.org", ["person@example.org"], MESSAGE)
        assert (tmp_path / "log").read_text() == "one@example.org\tperson@example.org\n"


def test_it_takes_an_envelope_in_one_write(tmp_path: Path) -> None:
    with sink(tmp_path / "log") as server, smtplib.SMTP(server.host, server.port) as client:
        client.ehlo()
        client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
        assert [client.getreply()[0] for _ in range(3)] == [250, 250, 354]
        client.send("\r\n.\r\n")
        assert client.getreply()[0] == 250


def test_with_faults_it_does_not_write_down_what_it_refused(tmp_path: Path) -> None:
    with (
        sink(tmp_path / "log", with_faults=True) as server,
        smtplib.SMTP(server.host, server.port) as client,
    ):
        for _ in range(96):
            client.sendmail("news@example.org", ["person@example.org"], MESSAGE)
        with pytest.raises(smtplib.SMTPRecipientsRefused):  # every 97th is put off
            client.sendmail("news@example.org", ["grey@example.org"], MESSAGE)
        assert "grey" not in (tmp_path / "log").read_text()
