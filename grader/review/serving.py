"""Serve the marking pages on this machine until Ctrl-C: what `grader review` does."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.extras import bringing
from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.marking import marked_reports
from grader.publishing import publish
from grader.report.exports.csv import write_grades
from grader.report.exports.report_json import write_report
from grader.report.plain import inert_line
from grader.review.desk import Desk
from grader.wording import counted

if TYPE_CHECKING:
    from rich.console import Console

_LOOPBACK = "127.0.0.1"
_MOST_WHO = 60
_PATIENCE = 15.0
"""Seconds that a mark waits for a batch which is writing."""


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What `grader review` was asked to do.

    Attributes:
        folder: the --out folder of the batch.
        who: the marker, as it is recorded beside every mark.
        port: on which to listen; 0 for a free one.
        blind: strike out whose a submission is.
        browser: open the page.
    """

    folder: Path
    who: str
    port: int = 0
    blind: bool = False
    browser: bool = True


def run_review(options: ReviewOptions, console: Console) -> int:
    """Serve until Ctrl-C, then write table, reports and pages anew where something was given; return the exit code.

    Raises:
        OperatorFault: there is no gradebook, the port is taken, or nobody is named.
        MissingPackageFault: the packages of the extra `review` are not installed.
    """
    with bringing("review", "starlette"):
        import starlette  # noqa: F401
    with bringing("review", "uvicorn"):
        import uvicorn
    with bringing("review", "jinja2"):
        import jinja2  # noqa: F401
    from grader.review.app import application

    who = inert_line(options.who.strip(), _MOST_WHO)
    if not who:
        raise OperatorFault("Nobody is named as the marker.", fix="Give a name to --who.")
    with Gradebook.of(options.folder, patience=_PATIENCE) as gradebook, listening(options.port) as listener:
        desk = Desk(gradebook, who, options.blind)
        waiting = sum(row.open for row in desk.queue())
        port = listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        server = uvicorn.Server(
            uvicorn.Config(
                application(desk, token, f"grader_review_{port}"),
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        address = f"http://{_LOOPBACK}:{port}/?token={token}"
        console.print(f"{counted(waiting, 'submission')} to mark, as {who}. Open {address}", soft_wrap=True)
        console.print("Ctrl-C ends it; every mark is saved as it is given.")
        if options.browser:
            webbrowser.open(address)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            console.print()  # below the ^C of the terminal
        _end(desk, options.folder, console)
    return 0


def listening(port: int) -> socket.socket:
    """Return a socket on the loopback address; a browser that is quick waits in its queue.

    Raises:
        OperatorFault: the port cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_LOOPBACK, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise OperatorFault(
            f"Port {port} of {_LOOPBACK} cannot be had ({error.strerror or error}).",
            fix="Give another --port, or none for a free one.",
        ) from error
    return listener


def _end(desk: Desk, folder: Path, console: Console) -> None:
    """Say how much was given, and let table, reports and pages say so as well."""
    if not desk.count:
        console.print("No mark was given.")
        return
    reports = marked_reports(desk.gradebook)
    write_report(reports, folder / "report.json")
    write_grades(reports, folder / "grades.csv")
    publish(desk.gradebook, folder, ())
    rows = desk.queue()
    done = sum(not row.open for row in rows)
    console.print(
        f"{counted(desk.count, 'entry' if desk.count == 1 else 'entrie')} added; {done:,} of "
        f"{counted(len(rows), 'submission')} are marked. grades.csv, report.json and the pages in {folder} say so."
    )
