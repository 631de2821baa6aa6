"""The page of a class: everybody in a table, how points and accuracies are spread, and what to teach again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.hardware import sentence as hardware_sentence
from grader.records import Finding, Outcome, Report, Status
from grader.report.html_parts import escaped
from grader.report.mark_words import changes
from grader.report.pages.circumstances import isolation, versions
from grader.report.pages.document import document, facts, section, table
from grader.report.pages.figures import accuracies, histogram, share
from grader.report.pages.file_names import page_name
from grader.report.pages.teaching import Teaching, teaching
from grader.report.paging import local_time
from grader.report.plain import inert_line, shorten
from grader.report.terminal_text import MARKS, STATUS_MARKS, STATUS_WORDS, duration, first_problem, number, percent
from grader.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from grader.gradebook import Run
    from grader.records.similarity import Similarity

_WHY = 110  # characters of a reason in the table
_HINT = "A hint for a human and no verdict; no points hang on it"
_OUTCOMES = {Outcome.SKIPPED: "not judged", Outcome.PENDING: "for a human", Outcome.ERROR: "grader's fault"}
_CONTROLS = """<form id="controls" class="controls" hidden role="search" aria-label="Filter the table">
<label>Search <input name="search" type="search" autocomplete="off"></label>
<label>Status <select name="status"><option value="">all</option>{options}</select></label>
<label><input name="human" type="checkbox">needs a human's eye</label>{alike}
<span id="shown" role="status" aria-live="polite"></span></form>"""

_ALIKE = '\n<label><input name="alike" type="checkbox">like another</label>'


@dataclass(frozen=True, slots=True)
class ClassPage:
    """What the page is made of.

    Attributes:
        reports: the current ones, sorted by id.
        runs: of the gradebook, the oldest first.
        title: what the page is called: the folder of the results.
        zone: where times are local; None for the machine's own zone.
        similarity: which of them are alike; None where they were not compared.
    """

    reports: Sequence[Report]
    runs: Sequence[Run]
    title: str
    zone: tzinfo | None = None
    similarity: Similarity | None = None


def class_page(page: ClassPage) -> str:
    """Return the whole page."""
    reports = page.reports
    criteria = list({one.criterion: one for report in reports for one in report.findings}.values())
    found = teaching(reports)
    name = inert_line(page.title, 80)
    body = (
        f"<header><h1>{escaped(name)}: {counted(len(reports), 'submission')}</h1>"
        '<nav aria-label="On this page"><a href="#class">Everybody</a><a href="#spread">Spread</a>'
        '<a href="#teach">To teach again</a><a href="#made">How it was made</a></nav></header>'
        f"<main>{_tiles(reports, found)}"
        + section("class", "Everybody", _controls(page) + _students(page, criteria))
        + section("spread", "How points and accuracies are spread", _spread(reports))
        + section("teach", "What to teach again", _teach(found))
        + section("made", "How it was made", _made(page, found))
        + "</main>"
    )
    return document(f"{name}: the class", body, scripted=True)


def needs_human(report: Report) -> str:
    """Return why a human has to look at a report, in a few words; empty where nobody has to.

    Marks that only a human gives are no reason: everybody has those. Marks on what has changed since are one.
    """
    if report.status in (Status.NEEDS_HUMAN, Status.GRADER_FAULT):
        return first_problem(report)
    return next(iter(changes(report)), "")


def _tiles(reports: Sequence[Report], found: Teaching) -> str:
    to_mark = sum(any(one.outcome is Outcome.PENDING for one in report.findings) for report in reports)
    tiles = [(f"{found.statuses[status]}", STATUS_WORDS[status][0]) for status in Status if found.statuses[status]]
    tiles.append((f"{to_mark}", "with marks that a human gives"))
    if found.points:
        most = max(report.max_points for report in reports)
        tiles.append((number(found.points["median"]), f"median of {number(most)} points"))
    if found.accuracy:
        tiles.append((percent(found.accuracy["median"]), "median accuracy"))
    inner = "".join(f"<li><b>{value}</b>{escaped(word)}</li>" for value, word in tiles)
    return f'<ul class="tiles" aria-label="At a glance">{inner}</ul>'


def _controls(page: ClassPage) -> str:
    there = {report.status for report in page.reports}
    options = "".join(
        f'<option value="{status}">{escaped(STATUS_WORDS[status][0])}</option>' for status in Status if status in there
    )
    alike = _ALIKE if _alike(page) else ""
    return _CONTROLS.format(options=options, alike=alike)


def _alike(page: ClassPage) -> dict[str, tuple[int, float]]:
    return page.similarity.cluster_of() if page.similarity is not None else {}


def _students(page: ClassPage, criteria: Sequence[Finding]) -> str:
    reports, alike = page.reports, _alike(page)
    late = any(report.submission.late for report in reports)
    looks = any(map(needs_human, reports))
    heads = [
        ("student", "Student", "", ""),
        *([("id", "Id", "", "")] if any(one.submission.id != one.submission.student for one in reports) else []),
        ("status", "Status", "", ""),
        *([("late", "Late", "", "down")] if late else []),
        ("points", "Points", "", "down"),
        ("accuracy", "Accuracy (95 %)", "", "down"),
        *([("look", "Needs a human's eye", "", "down")] if looks else []),
        *([("alike", "Like another", _HINT, "down")] if alike else []),
        *((f"c-{index}", _words(one.criterion), one.title, "down") for index, one in enumerate(criteria)),
    ]
    top = "".join(
        f'<th scope="col" data-key="{key}" data-first="{first}">'
        + (f'<abbr title="{escaped(title)}">{escaped(word)}</abbr>' if title else escaped(word))
        + "</th>"
        for key, word, title, first in heads
    )
    names = {key for key, *_ in heads}
    rows = "".join(_row(report, criteria, names, alike.get(report.submission.id)) for report in reports)
    return (
        '<div class="wide" role="region" tabindex="0" aria-label="Everybody"><table id="class-table" '
        'class="listed class"><caption class="unseen">One row for each submission; the first cell leads to its page'
        f"</caption><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _words(criterion: str) -> str:
    return inert_line(criterion.replace("_", " "), 24)


def _row(report: Report, criteria: Sequence[Finding], names: set[str], alike: tuple[int, float] | None) -> str:
    submission, findings = report.submission, {one.criterion: one for one in report.findings}
    mark, style = STATUS_MARKS[report.status]
    look = needs_human(report)
    name = escaped(inert_line(submission.student or submission.id, 60))
    cells = [f'<th scope="row"><a href="students/{page_name(submission.id)}.html">{name}</a></th>']
    if "id" in names:
        cells.append(f"<td>{escaped(inert_line(submission.id, 40))}</td>")
    cells.append(f'<td><span class="{style}">{mark} {escaped(STATUS_WORDS[report.status][0])}</span></td>')
    if "late" in names:
        cells.append(f"<td>{'late' if submission.late else ''}</td>")
    cells.append(f'<td class="number" data-value="{report.points:g}">{_total(report)}</td>')
    score = report.score
    if score is None:
        cells.append('<td data-value=""></td>')
    else:
        low, high = (f"{100 * one:.1f}" for one in score.interval)
        cells.append(
            f'<td data-value="{score.accuracy:.6f}">{percent(score.accuracy)} '
            f'<span class="dim">({low} – {high})</span></td>'
        )
    if "look" in names:
        cells.append(f'<td class="prose">{escaped(shorten(look, _WHY))}</td>')
    if "alike" in names:
        cells.append(_likeness(alike))
    cells += [_points(findings.get(one.criterion)) for one in criteria]
    human = "yes" if look else "no"
    like = ' data-alike="yes"' if alike else ""
    return f'<tr data-status="{report.status}" data-human="{human}"{like}>{"".join(cells)}</tr>'


def _likeness(alike: tuple[int, float] | None) -> str:
    if alike is None:
        return '<td data-value=""></td>'
    number, strength = alike
    return f'<td data-value="{strength:.3f}"><a href="similar.html#cluster-{number}">group {number}</a></td>'


def _total(report: Report) -> str:
    human = f" + {number(report.human_points)}" if report.human_points is not None else ""
    return f"{number(report.points)}{human}"


def _points(finding: Finding | None) -> str:
    if finding is None:
        return '<td data-value=""></td>'
    mark, _ = MARKS[finding.outcome]
    if finding.outcome in _OUTCOMES and not finding.points:
        word = _OUTCOMES[finding.outcome]
        shown = f'<span aria-hidden="true">{mark}</span><span class="unseen">{word}</span>'
        return f'<td class="number {finding.outcome}" data-value="">{shown}</td>'
    if not finding.max_points:
        shown = f'<span aria-hidden="true">{mark}</span><span class="unseen">{finding.outcome}</span>'
        return (
            f'<td class="number {finding.outcome}" data-value="{int(finding.outcome is Outcome.PASSED)}">{shown}</td>'
        )
    points = finding.points or 0.0
    said = f'<span class="unseen"> {finding.outcome}</span>' if finding.outcome is Outcome.FAILED else ""
    return f'<td class="number {finding.outcome}" data-value="{points:g}">{number(points)}{said}</td>'


def _spread(reports: Sequence[Report]) -> str:
    most = max((report.max_points for report in reports), default=0)
    points = histogram([one.points for one in reports if one.status is not Status.GRADER_FAULT], most)
    scored = accuracies([one.score for one in reports if one.score is not None])
    said = "Lines are 95 % intervals; the band is the reference's mean and two deviations, the dashed line full points."
    parts = [f"<div><h3>Automatic points</h3>{points}</div>" if points else ""]
    parts.append(f'<div><h3>Accuracy</h3>{scored}<p class="dim">{said}</p></div>' if scored else "")
    return f'<div class="pair">{"".join(parts)}</div>' if any(parts) else ""


def _teach(found: Teaching) -> str:
    criteria = table(
        "Criteria, those that most failed first",
        ("Criterion", "Failed", "", "Mean of its points", "Not judged"),
        (
            (
                f'<span class="prose">{escaped(inert_line(one.title, 90))}</span>',
                f"{one.outcomes[Outcome.FAILED]} of {one.judged}",
                share(one.failed_share),
                "" if one.mean_share is None else f"{100 * one.mean_share:.0f} %",
                f"{one.outcomes[Outcome.SKIPPED]}",
            )
            for one in found.criteria
            if one.failed_share is not None
        ),
    )
    codes = table(
        "Errors and silent mistakes, the most frequent first",
        ("Code", "What happened", "Submissions", ""),
        (
            (
                escaped(one.code),
                f'<span class="prose">{escaped(one.title)}</span>',
                str(one.count),
                share(one.count / found.submissions),
            )
            for one in found.codes
        ),
    )
    parts = [f"<div><h3>Criteria</h3>{criteria}</div>"] if found.criteria else []
    if found.codes:
        parts.append(f'<div><h3>Errors and advice</h3>{codes}<p class="dim">')
        parts.append("<code>grader check --explain CODE</code> says more about each.</p></div>")
    return f'<div class="pair">{"".join(parts)}</div>' if parts else ""


def _made(page: ClassPage, found: Teaching) -> str:
    trainings = [one.training for one in page.reports if one.training is not None]
    rows = [("Training", f"{duration(found.training_seconds)} of processor time in all" if trainings else "")]
    if page.runs:
        run = page.runs[-1]
        rows.append(("Run", f"{run.id}, begun {local_time(run.started, page.zone)}{_took(run)}"))
        rows.append(("Rubric", f"SHA-256 {run.rubric_hash[:12]}"))
        rows.append(("Hardware", escaped(hardware_sentence(run.invocation.fingerprint))))
    if page.similarity is not None:
        rows.append(("Compared", f'{_compared(page.similarity)} <a href="similar.html">More of it</a>'))
    rows.append(("Isolation", "<br>".join(_each(map(isolation, page.reports)))))
    rows.append(("Versions", "<br>".join(_each(map(versions, page.reports)))))
    return facts(rows)


def _compared(found: Similarity) -> str:
    if not found.compared:
        return escaped(" ".join(inert_line(one) for one in found.notes))
    groups = counted(len(found.clusters), "group") if found.clusters else "none"
    return f"{counted(found.compared, 'submission')} with each other; alike: {groups}, which is a hint and no verdict."


def _took(run: Run) -> str:
    return f", took {duration(run.finished - run.started)}" if run.finished is not None else ", not finished"


def _each(sentences: Iterator[str]) -> Iterator[str]:
    """Yield each sentence once, escaped, with how many reports it is true of where it is not all."""
    counts: dict[str, int] = {}
    for one in sentences:
        counts[one] = counts.get(one, 0) + 1
    for one, count in counts.items():
        yield escaped(one) + (f' <span class="dim">({counted(count, "submission")})</span>' if len(counts) > 1 else "")
