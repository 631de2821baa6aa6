"""What Dask is told, whoever starts it here: to remember little, to show nothing, and to speak TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.extras import bringing

if TYPE_CHECKING:
    from distributed import Security

SETTINGS = {
    # Dask keeps its latest messages to show them to developers, whole: a thousand notebooks for each connection.
    "distributed.admin.low-level-log-length": 10,
    "distributed.admin.log-length": 100,
    "distributed.admin.system-monitor.log-length": 60,
    "distributed.diagnostics.computations.max-history": 1,
    # Pages that anybody could read without a certificate.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
"""What Dask remembers, on the head and in the schedulers and workers that it starts."""


class NoSpans:
    """Stand in for Dask's spans, which keep a record of each task that was ever submitted."""

    def __init__(self, scheduler: Any) -> None:
        """Take a scheduler, as its extensions do."""

    def observe_tasks(self, *_: Any, **__: Any) -> dict[Any, Any]:
        """Annotate no task."""
        return {}

    def heartbeat(self, *_: Any) -> None:
        """Add nothing up."""


def quiet() -> dict[str, Any]:
    """Return what a scheduler that is started here is told: nothing for browsers, and nothing kept of every job."""
    from distributed.scheduler import DEFAULT_EXTENSIONS

    extensions = {**DEFAULT_EXTENSIONS, "spans": NoSpans}
    return {"dashboard": False, "dashboard_address": "127.0.0.1:0", "extensions": extensions}


def temporary() -> Security:
    """Return a certificate for one run."""
    from distributed import Security

    with bringing("cluster", "cryptography"):
        import cryptography  # noqa: F401
    return Security.temporary()
