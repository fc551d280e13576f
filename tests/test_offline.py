"""Tests run without a network: the refusal itself, here and in a child process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from refuse_outbound import LOG, OutboundRefused, is_local

ELSEWHERE = "192.0.2.1"  # RFC 5737: an address for documentation, nobody's
REACH_OUT = f"import socket; socket.create_connection(('{ELSEWHERE}', 80), timeout=2)"


@pytest.fixture
def attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of our own, so that the attempts of these tests do not fail them."""
    log = tmp_path / "attempts.log"
    monkeypatch.setenv(LOG, str(log))
    return log


@pytest.mark.parametrize("reach", ["connect", "connect_ex"])
def test_a_connection_out_is_refused_and_recorded(attempts: Path, reach: str) -> None:
    with socket.socket() as out, pytest.raises(OutboundRefused, match="without a network"):
        getattr(out, reach)((ELSEWHERE, 80))
    assert ELSEWHERE in attempts.read_text()


def test_a_name_lookup_is_refused(attempts: Path) -> None:
    with pytest.raises(OutboundRefused):
        socket.getaddrinfo("example.org", 443)
    assert "example.org" in attempts.read_text()


def test_a_child_process_is_refused_too(attempts: Path) -> None:
    child = subprocess.run([sys.executable, "-c", REACH_OUT], capture_output=True, text=True, env=dict(os.environ))
    assert child.returncode == 1
    assert "OutboundRefused" in child.stderr
    assert ELSEWHERE in attempts.read_text()


def test_this_machine_stays_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), (b"0.0.0.0", True)]
    + [(None, True), ("8.8.8.8", False), ("10.0.0.1", False), ("example.org", False), ("localhost.example.org", False)],
)
def test_what_counts_as_this_machine(host: object, local: bool) -> None:
    assert is_local(host) is local
