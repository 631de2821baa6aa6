"""What Dask is told, whoever starts it here: to remember little, to show nothing, and to speak TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.extras import bringing

if TYPE_CHECKING:
    from distributed import Security

SETTINGS = {
    # Dask keeps its latest messages to show them to developers, whole: a thousand notebooks for each connection.
    "distributed.admin.low-level-log-length": 10,
    "distributed.admin.log-length": 100,
    "distributed.diagnostics.computations.max-history": 1,
    # Pages that anybody could read without a certificate.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
"""What Dask remembers, on the head and in the schedulers and workers that it starts."""


QUIET = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""What a scheduler that is started here shows to browsers: nothing."""


def temporary() -> Security:
    """Return a certificate for one run."""
    from distributed import Security

    with bringing("cluster", "cryptography"):
        import cryptography  # noqa: F401
    return Security.temporary()
