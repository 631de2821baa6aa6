"""A Dask client without Dask: workers come, go and answer when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from grader.engines.wire import pack, unpack
from grader.versions import versions


class Sent:
    """What a client gives out for a task."""

    def __init__(self, address: str, job: dict[str, Any]) -> None:
        self.address, self.job = address, job
        self._future: Future[bytes] = Future()

    def add_done_callback(self, told: Callable[[Any], None]) -> None:
        self._future.add_done_callback(told)

    def result(self, timeout: float) -> bytes:
        return self._future.result(timeout)

    def release(self) -> None:
        """Nothing is held."""

    def cancel(self) -> None:
        if not self._future.done():
            self._future.set_exception(asyncio.CancelledError("cancelled"))

    def answers(self, **more: Any) -> None:
        """End the task."""
        self._future.set_result(pack({"key": self.job["key"], "seconds": 1.0, "ended": "done", **more}))

    def dies(self) -> None:
        """End the task as Dask does when its worker died."""
        self._future.set_exception(RuntimeError("KilledWorker"))


class Client:
    """A scheduler's client; `machines` says what a worker answers when it is asked who it is."""

    def __init__(self) -> None:
        self.status = "running"
        self.workers: dict[str, dict[str, Any]] = {}
        self.machines: dict[str, dict[str, Any]] = {}
        self.sent: list[Sent] = []
        self._heard: Callable[[Any], Any] | None = None

    def comes(
        self, name: str, host: str, *, torch: str = "", holds: bool = True, threads: int = 1, **more: Any
    ) -> None:
        """Let a worker join."""
        address = f"tls://{host}/{name}"
        fingerprint = {"torch": "2", "processor": more.get("processor", "one")}
        self.machines[address] = {
            "fingerprint": fingerprint,
            "versions": {**versions(), **({"torch": torch} if torch else {})},
            "host": host,
            "cache": "/cache",
            "holds": holds,
        }
        resources = more.get("resources", {})
        self.workers[address] = {"name": name, "host": host, "nthreads": threads, "resources": resources}
        self.tells("add-worker")

    def goes(self, name: str) -> None:
        """Let a worker leave."""
        for address in [one for one in self.workers if one.endswith(f"/{name}")]:
            del self.workers[address]
        self.tells("remove-worker")

    def tells(self, action: str) -> None:
        """Tell who subscribed."""
        if self._heard is not None:
            asyncio.run(self._heard((0.0, {"action": action})))

    def subscribe_topic(self, topic: str, heard: Callable[[Any], Any]) -> None:
        self._heard = heard

    def unsubscribe_topic(self, topic: str) -> None:
        self._heard = None

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": dict(self.workers)}

    def submit(self, function: Callable[..., Any], packed: bytes, *, workers: list[str], **more: Any) -> Sent:
        assert more["allow_other_workers"] is False
        sent = Sent(workers[0], unpack(packed))
        if sent.job["kind"] == "greet":
            machine = self.machines[workers[0]]
            sent.answers(result=machine, node=f"{workers[0]}, process 1", isolation={"rung": "A"})
        else:
            self.sent.append(sent)
        return sent
