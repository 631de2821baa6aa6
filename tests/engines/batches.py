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

from grader.engines import dask
from grader.engines.seam import Asked
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
