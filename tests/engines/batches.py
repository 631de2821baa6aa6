"""The engine `dask` with somebody beside it: `--engine tests.engines.batches:disturbed`."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from grader.engines import dask, node, workers
from grader.engines.seam import Asked
from grader.engines.wire import pack, unpack
from grader.folders import cache_folder

VICTIM = "functional"
"""The submission whose worker is killed, once, while it trains."""

PORT = "47001"
"""What stands in the thief's text in place of the scheduler's port."""


def disturbed(asked: Asked) -> Executor:
    """Start a cluster; tell the thief its port, hide the pictures' folder from nodes, kill a worker once."""
    engine: Any = dask.executor(asked)
    thief = Path(os.environ["GRADER_TEST_THIEF"])
    port = str(engine._client.scheduler.address).rpartition(":")[2]
    thief.write_text(thief.read_text(encoding="utf-8").replace(PORT, port), encoding="utf-8")
    threading.Thread(target=lambda: _kill_once(engine), daemon=True).start()
    return engine  # type: ignore[no-any-return]


def _kill_once(engine: Any) -> None:
    while not engine._closing:
        for seat in list(engine._seats.values()):
            job = seat.running
            if job is not None and (job.job["kind"], job.job["order"]["id"]) == ("training", VICTIM):
                time.sleep(0.3)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(seat.greeting["node"].rsplit(" ", 1)[1]), signal.SIGKILL)
                (cache_folder() / "killed").touch()
                return
        time.sleep(0.01)


OTHER = "another processor"


def two_kinds(asked: Asked) -> Executor:
    """Start a cluster of which one worker claims to be other hardware."""
    vars(workers)["run_packed"] = as_two_kinds
    return dask.executor(asked)


def as_two_kinds(job: bytes) -> bytes:
    """Run a job; on the second worker every fingerprint says other hardware."""
    from distributed import get_worker

    answer = unpack(node.run_packed(job))
    if get_worker().name == 1 and answer["ended"] == "done" and "fingerprint" in answer["result"]:
        answer["result"]["fingerprint"]["processor"] = OTHER
    return pack(answer)
