"""Which addresses a scheduler may have: with TLS any, without it this machine's own alone."""

from __future__ import annotations

from urllib.parse import urlsplit

from grader.engines.seam import Address
from grader.faults import OperatorFault
from grader.loopback import is_loopback

_PLAIN = ("tcp", "ws")
_WITH_TLS = ("tls", "wss")


def checked(address: Address) -> str:
    """Return a scheduler's address with its protocol.

    Whoever can speak to a scheduler can run programs as its owner on every worker, and read what submissions hold.

    Raises:
        OperatorFault: it is no address, or one that is spoken to without TLS.
    """
    given = address.scheduler or ""
    text = given if "://" in given else f"tcp://{given}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None or parts.scheme not in (*_PLAIN, *_WITH_TLS):
        raise OperatorFault(f"--scheduler {given} is no address.", fix="Write one such as tls://head.example.org:8786.")
    if parts.scheme in _PLAIN and not is_loopback(host) and not address.insecure:
        raise OperatorFault(
            f"--scheduler {given} is spoken to without TLS, and whoever is on that network could run programs as you.",
            fix="Start it with certificates and write tls://, or say --insecure where the network is yours alone.",
        )
    return text
