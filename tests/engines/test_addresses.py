"""A scheduler is spoken to with TLS, or it is on this machine, or the person at the terminal said --insecure."""

from __future__ import annotations

import pytest

from grader.engines.addresses import checked
from grader.engines.seam import Address
from grader.faults import OperatorFault


@pytest.mark.parametrize(
    ("given", "spoken"),
    [
        ("tls://head.example.org:8786", "tls://head.example.org:8786"),
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("127.0.0.5:8786", "tcp://127.0.0.5:8786"),
        ("localhost:8786", "tcp://localhost:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("wss://head.example.org:443", "wss://head.example.org:443"),
    ],
)
def test_allowed(given: str, spoken: str) -> None:
    """With TLS everywhere, without it on this machine."""
    assert checked(Address(given)) == spoken


@pytest.mark.parametrize(
    "given",
    [
        "tcp://head.example.org:8786",
        "head.example.org:8786",
        "10.0.0.4:8786",
        "0.0.0.0:8786",
        "ws://10.0.0.4:8786",
        "localhost.example.org:8786",
        "tcp://127.0.0.1.example.org:8786",
        "tcp://127.0.0.1@10.0.0.4:8786",
    ],
)
def test_refused_without_tls(given: str) -> None:
    """Names that look like this machine's are none of it."""
    with pytest.raises(OperatorFault, match="without TLS"):
        checked(Address(given))
    assert checked(Address(given, insecure=True)).endswith(given)


@pytest.mark.parametrize("given", ["", "head", "tls://head", "http://head:80", "inproc://1/2/3:4", "tls://head:port"])
def test_no_address(given: str) -> None:
    """It is said in one line, also with --insecure."""
    with pytest.raises(OperatorFault, match="is no address"):
        checked(Address(given, insecure=True))
