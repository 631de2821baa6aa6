"""The pages on which a human marks: rendered here, changed in place by HTMX, and whole without any script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.faults import GraderError, OperatorFault
from grader.review.desk import Desk
from grader.review.guard import Guard
from grader.review.sheets import Row, Sheet
from grader.review.shown import environment
from grader.scoring.marks import LOOKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

_STATIC = {
    "page.css": ("grader.report.pages", "page.css", "text/css"),
    "review.css": ("grader.review", "static/review.css", "text/css"),
    "review.js": ("grader.review", "static/review.js", "text/javascript"),
    "htmx.min.js": ("grader.review", "static/htmx.min.js", "text/javascript"),
}
_WRONG = 400
_FILTERS = (
    ("unmarked", "To mark", lambda row: row.open),
    ("flagged", "Flagged", lambda row: row.flagged),
    ("all", "All", lambda row: True),
)


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue beside a submission.

    Attributes:
        show: which are shown: `unmarked`, `flagged` or `all`.
        shown: these, and the one at hand.
        filters: name, word and number of each choice.
        done: how many need nothing more.
        total: how many there are.
        before: code of the one before the one at hand; None where there is none.
        after: the same of the next; after the last the first that is left.
    """

    show: str
    shown: tuple[Row, ...]
    filters: tuple[tuple[str, str, int], ...]
    done: int
    total: int
    before: str | None = None
    after: str | None = None


def queue_of(rows: Sequence[Row], show: str, current: str | None = None) -> Queue:
    """Return the queue as one choice shows it."""
    chosen = next((test for name, _, test in _FILTERS if name == show), _FILTERS[0][2])
    name = show if any(show == one for one, _, _ in _FILTERS) else _FILTERS[0][0]
    shown = tuple(row for row in rows if chosen(row) or row.code == current)
    at = next((index for index, row in enumerate(shown) if row.code == current), None)
    before = after = None
    if at is not None and len(shown) > 1:
        before = shown[at - 1].code if at else None
        after = shown[(at + 1) % len(shown)].code if at + 1 < len(shown) or name != "all" else None
    counts = tuple((one, word, sum(map(test, rows))) for one, word, test in _FILTERS)
    return Queue(name, shown, counts, sum(not row.open for row in rows), len(rows), before, after)


class Pages:
    """Answer requests from one desk."""

    def __init__(self, desk: Desk) -> None:
        """Serve `desk`."""
        self._desk = desk
        self._templates = environment()

    def queue(self, request: Request) -> Response:
        """Show everybody."""
        return self._page("queue.html", queue=queue_of(self._desk.queue(), _show(request)))

    def sheet(self, request: Request) -> Response:
        """Show one submission."""
        sheet = self._desk.sheet(request.path_params["code"])
        queue = queue_of(self._desk.queue(), _show(request), sheet.row.code)
        return self._page("sheet.html", sheet=sheet, queue=queue, said="")

    async def mark(self, request: Request) -> Response:
        """Save one mark."""
        form = await _form(request)
        return await run_in_threadpool(self._marked, request, form)

    def _marked(self, request: Request, form: dict[str, str]) -> Response:
        code, criterion = request.path_params["code"], form.get("criterion", "")
        before = self._desk.sheet(code).item(criterion)
        given = self._desk.give(code, criterion, form.get("points", ""), form.get("comment", ""), form.get("seen", ""))
        said = "Saved." if given.points is not None else "Saved without points."
        if before is not None and before.mark is not None and before.mark.who != given.who and criterion != LOOKED:
            said = f"Saved. {before.mark.who} had given {_said_points(before.mark.points)}; yours counts now."
        return self._changed(request, criterion, said, moves=True)

    def undo(self, request: Request) -> Response:
        """Take back the last entry."""
        criterion = self._desk.undo(request.path_params["code"])
        return self._changed(request, criterion, "Taken back." if criterion else "There is nothing to take back.")

    def redo(self, request: Request) -> Response:
        """Give again what was taken back."""
        criterion = self._desk.redo(request.path_params["code"])
        return self._changed(request, criterion, "Given again." if criterion else "There is nothing to give again.")

    def static(self, request: Request) -> Response:
        """Return one of our own files."""
        found = _STATIC.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("There is no such file.\n", 404)
        package, path, kind = found
        return Response(resources.files(package).joinpath(path).read_bytes(), media_type=kind)

    async def trouble(self, request: Request, fault: Exception) -> Response:
        """Say in a sentence what was not done; a gradebook that is in use is tried again by the same key."""
        status = _WRONG if isinstance(fault, OperatorFault) and "in use" not in str(fault) else 503
        said = f"Not saved. {fault}" if request.method == "POST" else str(fault)
        if "hx-request" in request.headers:
            # What was typed wrongly is no error of the page's, which a browser would write to its console.
            return PlainTextResponse(said, status) if status != _WRONG else self._page("wrong.html", said=said)
        code = request.path_params.get("code")
        back = f"/s/{code}" if code and request.method == "POST" else "/"
        return self._page("trouble.html", status, said=said, back=back)

    def _changed(self, request: Request, criterion: str | None, said: str, *, moves: bool = False) -> Response:
        """Return what is different on the page, or the page itself to a browser without scripts."""
        sheet = self._desk.sheet(request.path_params["code"])
        item = sheet.item(criterion) if criterion else None
        target = _next(sheet, criterion) if moves and item in sheet.human else item.slot if item else ""
        show = _show(request)
        if "hx-request" not in request.headers:
            return RedirectResponse(f"/s/{sheet.row.code}?show={show}#c-{target}", 303)
        queue = queue_of(self._desk.queue(), show, sheet.row.code)
        if moves and not sheet.row.open and queue.after:
            said += " All marked here: j goes on."
        response = self._page("changed.html", sheet=sheet, queue=queue, item=item, said=said)
        response.headers["hx-trigger-after-settle"] = json.dumps({"next": target})
        return response

    def _page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        made = self._templates.get_template(name).render(who=self._desk.who, blind=self._desk.is_blind, **values)
        return HTMLResponse(made, status)


def application(desk: Desk, token: str, cookie: str) -> ASGIApp:
    """Return the whole application; nothing of it answers without the token."""
    pages = Pages(desk)
    routes = [
        Route("/", pages.queue),
        Route("/s/{code:str}", pages.sheet),
        Route("/s/{code:str}/mark", pages.mark, methods=["POST"]),
        Route("/s/{code:str}/undo", pages.undo, methods=["POST"]),
        Route("/s/{code:str}/redo", pages.redo, methods=["POST"]),
        Route("/static/{name:str}", pages.static),
    ]
    return Guard(Starlette(routes=routes, exception_handlers={GraderError: pages.trouble}), token, cookie)


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form as browsers send them without files."""
    text = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=20).items()}


def _show(request: Request) -> str:
    """Return the choice that the queue shows."""
    asked = request.query_params.get("show", "")
    return asked if any(asked == name for name, _, _ in _FILTERS) else "unmarked"


def _next(sheet: Sheet, criterion: str | None) -> str:
    """Return the place of the next criterion without points, after this one or from the top; empty where all have."""
    at = next((index for index, one in enumerate(sheet.human) if one.finding.criterion == criterion), -1)
    rest = (*sheet.human[at + 1 :], *sheet.human[:at])
    return next((one.slot for one in rest if one.finding.points is None), "")


def _said_points(points: float | None) -> str:
    return "a comment without points" if points is None else f"{points:g}"
