"""Refuses connections that leave this machine, in pytest and in every Python it starts.

An audit hook sees every socket of the process, whichever library opened it, and cannot be taken out
again. Programs that are not Python (uv, Chromium) are not seen. Each refusal is also written to the file
named by `YARDSTICK_OUTBOUND_LOG`, so that an attempt whose error was swallowed still fails its test.
"""

import ipaddress
import os
import socket
import sys
from typing import Any

LOG = "YARDSTICK_OUTBOUND_LOG"
LOCAL_NAMES = {"", "localhost", "ip6-localhost", socket.gethostname()}


class OutboundRefused(ConnectionRefusedError):
    """Raised instead of connecting; an OSError, so that libraries treat it as being offline."""


def is_local(host: object) -> bool:
    """True for an address on this machine: loopback, unspecified, a local name, or no host at all."""
    if host is None:
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return name.lower() in LOCAL_NAMES
    return address.is_loopback or address.is_unspecified


def _refuse(what: str, host: object) -> None:
    sentence = f"Tests run without a network: {what} to {host!r} was refused. Use 127.0.0.1 or a real file."
    if path := os.environ.get(LOG):
        with open(path, "a", encoding="utf-8") as log:
            log.write(f"{' '.join(sys.argv[:2])}: {sentence}\n")
    raise OutboundRefused(sentence)


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        family, address = args[0].family, args[1]
        if family in (socket.AF_INET, socket.AF_INET6) and address and not is_local(address[0]):
            _refuse("a connection", address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not is_local(args[0]):
        _refuse("a name look-up", args[0])


def refuse_outbound() -> None:
    """Install the hook once in this process."""
    if not getattr(sys, "_yardstick_offline", False):
        sys._yardstick_offline = True  # type: ignore[attr-defined]
        sys.addaudithook(_watch)
