"""The page of one student: the instructor's, with everything, and the student's own, which says nothing of others.

The student's own page has the accuracy as a number and nothing else of the pictures that are kept back: no classes, no
confusions, no comparison picture by picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from grader.hardware import sentence as hardware_sentence
from grader.records import Finding, Outcome, Report
from grader.report import score_words
from grader.report.html_parts import escaped, parts, text
from grader.report.mark_words import changes, given_by
from grader.report.pages.circumstances import isolation, versions
from grader.report.pages.diagram import diagram
from grader.report.pages.document import document, facts, section
from grader.report.pages.figures import learning_curve
from grader.report.pages.file_names import page_name
from grader.report.pages.notebook_view import Layout, handed_in
from grader.report.pages.sample_pictures import Shown, sample_pictures
from grader.report.paging import local_time
from grader.report.plain import inert_line
from grader.report.terminal_check import break_block, layers_block, told_once, verdict, what_if_block
from grader.report.terminal_picture import formula_block
from grader.report.terminal_text import MARKS, duration, number, percent, said
from grader.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from rich.console import RenderableType

    from grader.comparison import Version
    from grader.records import Passage, Score

_MOST_CLASSES = 20  # of a confusion matrix that is shown whole
_ORDER = (Outcome.FAILED, Outcome.ERROR, Outcome.PENDING, Outcome.PASSED, Outcome.SKIPPED)
_WORDS = {Outcome.SKIPPED: "not judged", Outcome.PENDING: "marked by a human", Outcome.ERROR: "grader's fault"}


@dataclass(frozen=True, slots=True)
class Matrix:
    """How often pictures of each class (row) were given each class (column), and no class at all (last column)."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class StudentPage:
    """What the pages of one student are made of.

    Attributes:
        version: the report, the run that made it, and the code as it was read.
        passages: the explanation in the notebook, as it was read.
        matrix: how classes were confused; None where it is not known.
        zone: where times are local; None for the machine's own zone.
        layout: notebooks as HTML, and what was read beside them.
        samples: pictures that are handed out, with the network's answers.
    """

    version: Version
    passages: Sequence[Passage] = ()
    matrix: Matrix | None = None
    zone: tzinfo | None = None
    layout: Layout = field(default_factory=Layout)
    samples: Sequence[Shown] = ()


def instructor_page(page: StudentPage) -> str:
    """Return everything about one submission, for the instructor."""
    report = page.version.entry.report
    main = "".join(
        (
            _findings(report),
            _human(report),
            _learning(report, score_words.rows(report.score, report.training) if report.score is not None else ()),
            _samples(page),
            section("confusions", "Which classes are taken for which", _confusions(report, page.matrix)),
            _guessed(report),
            _advice(report),
            section("marks", "Marks of humans", _marks(report, page.zone)),
            section("made", "How it was made", facts(_made(page))),
        )
    )
    shown = handed_in(page.version.source, page.passages, page.layout, report)
    beside = section("handed-in", "What was handed in", shown).replace("<section ", '<section class="notebook" ', 1)
    body = (
        '<nav aria-label="Pages"><a href="../index.html">All submissions</a>'
        f'<a href="{page_name(report.submission.id)}.student.html">What the student gets</a></nav>'
        f"{_header(report)}{facts(_who(report))}"
        f'<main>{_network(report)}<div class="{"beside" if shown else "alone"}"><div>{main}</div>{beside}</div></main>'
    )
    return document(
        f"{inert_line(report.submission.student or report.submission.id, 80)}: the report",
        body,
        framed=bool(page.layout.notebooks),
    )


def own_page(page: StudentPage) -> str:
    """Return what the student gets."""
    report = page.version.entry.report
    body = (
        f"{_header(report)}<main>{_network(report)}{_findings(report)}{_human(report)}"
        f"{_learning(report, own_rows(report.score))}{_samples(page)}{_guessed(report)}{_advice(report)}</main>"
        f"<footer>{escaped(_footer(page))}</footer>"
    )
    return document("Your report", body)


def own_rows(score: Score | None) -> Iterator[tuple[str, str]]:
    """Yield what a student reads of the score: accuracy and what it is held to."""
    if score is not None:
        yield "Accuracy", score_words.accuracy(score)
        if score.reference is not None:
            yield "Reference", score_words.reference(score.reference)


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with those first that need something to be done."""
    return sorted(findings, key=lambda one: _ORDER.index(one.outcome))


def outcome_word(finding: Finding) -> str:
    """Return how a finding ended, as people say it."""
    return _WORDS.get(finding.outcome, str(finding.outcome))


def earned(finding: Finding) -> str:
    """Return the points of a finding: `3 of 4`, `– of 20` where they are not known."""
    open_ = finding.points is None or (finding.outcome is Outcome.SKIPPED and not finding.points)
    return f"{'–' if open_ else number(finding.points or 0)} of {number(finding.max_points)}"


def _footer(page: StudentPage) -> str:
    entry = page.version.entry
    grader = entry.report.versions.get("grader", "")
    return f"Made by grader {inert_line(grader, 40)} on {local_time(entry.saved, page.zone)}."


def _header(report: Report) -> str:
    name = escaped(inert_line(report.submission.student or report.submission.id, 120))
    sentence, points = (cell for cell in list(verdict(report).columns)[1].cells)
    words = f'<p class="verdict">{_inline(sentence)}</p><p>{_inline(points)}</p>'
    late = f"<p>{text(said(report.lateness.reason))}</p>" if report.lateness is not None else ""
    return f"<header><h1>{name}</h1>{words}{late}</header>"


def _inline(cell: RenderableType) -> str:
    return text(cell if isinstance(cell, Text) else str(cell))


def _network(report: Report) -> str:
    model = report.model
    found = "" if model is None else f"<p>{escaped(inert_line(f'{model.name}, {model.how} ({model.where})', 300))}</p>"
    stopped = parts((*break_block(report), *what_if_block(report)))
    layers = parts(layers_block(report))
    rest = f"<details><summary>As a table</summary>{layers}{parts(formula_block(report))}</details>" if layers else ""
    return section("network", "The network", found + stopped + diagram(report) + rest)


def _findings(report: Report) -> str:
    judged = [one for one in ordered(told_once(report)) if one.outcome is not Outcome.PENDING]
    passed = [one for one in judged if one.outcome is Outcome.PASSED and one.points == one.max_points]
    others = "".join(_finding(one) for one in judged if one not in passed)
    shown = f'<ul class="findings">{others}</ul>' if others else ""
    if passed:
        title = (
            f"{counted(len(passed), 'check')} passed in full ({number(sum(one.max_points for one in passed))} points)"
        )
        items = "".join(map(_finding, passed))
        shown += f'<details><summary>{title}</summary><ul class="findings">{items}</ul></details>'
    return section("checks", "Checks", shown)


def _human(report: Report) -> str:
    """Say what a human marks; the reason is said once where it is the same for all."""
    pending = [one for one in report.findings if one.outcome is Outcome.PENDING]
    why = dict.fromkeys(one.rationale for one in pending if one.rationale)
    items = "".join(f"<li>{text(said(one.title))} ({earned(one)})</li>" for one in pending)
    reasons = "".join(f"<p>{text(said(one))}</p>" for one in why)
    return section("human", "What a human marks", f"<ul>{items}</ul>{reasons}" if items else "")


def _marks(report: Report, zone: tzinfo | None) -> str:
    """Return who gave which points when, and what has changed since, for the instructor alone."""
    lines = [f'<span class="yellow">{escaped(one)}</span>' for one in changes(report, zone)]
    for one in report.findings:
        if said_of := given_by(one.evidence, zone):
            machine = one.evidence.get("machine_points")
            was = f"; the grader's: {number(machine)}" if machine is not None else ""
            lines.append(f"{text(said(one.title))}: {earned(one)}, {escaped(said_of)}{was}")
    return f"<ul>{''.join(f'<li>{one}</li>' for one in lines)}</ul>" if lines else ""


def _finding(one: Finding) -> str:
    mark, _ = MARKS[one.outcome]
    why = f"<p>{text(said(one.rationale))}</p>" if one.rationale else ""
    step = f'<p class="help">{text(said(one.help))}</p>' if one.help else ""
    return (
        f'<li class="{one.outcome}"><p class="row"><span class="bold">{mark} {outcome_word(one)}</span>'
        f"<span>{earned(one) if one.max_points else ''}</span></p><p>{text(said(one.title))}</p>{why}{step}</li>"
    )


def _learning(report: Report, rows: Iterator[tuple[str, str]] | tuple[()]) -> str:
    lines = [(word, f"{escaped(line)}.") for word, line in rows]
    curve, training = "", report.training
    if training is not None:
        lines.append(("Training", f"{counted(training.steps, 'step')} in {duration(training.seconds)}."))
        if training.memorised is not None:
            lines.append(("By heart", f"{percent(training.memorised)} of 64 training pictures."))
        reference = report.score.reference if report.score is not None else None
        curve = learning_curve(training.curve, reference)
        if curve and reference is not None and reference.curve:
            curve += '<p class="dim">The band is where the losses of the reference lie, dashed their mean.</p>'
    return section("learning", "How it learns", facts(lines) + curve)


def _samples(page: StudentPage) -> str:
    return section("samples", "Some pictures that were handed out", sample_pictures(page.samples))


def _confusions(report: Report, matrix: Matrix | None) -> str:
    if matrix is None and report.score is not None:
        return "<p>The whole table takes the run's pictures, rubric and answers, which are not all here any more.</p>"
    return "" if matrix is None else _matrix(matrix)


def _matrix(matrix: Matrix) -> str:
    if len(matrix.classes) > _MOST_CLASSES:
        return f"<p>{len(matrix.classes):,} classes are too many for a table; grades.csv and report.json say more.</p>"
    undecided = any(row[-1] for row in matrix.counts)
    names = [escaped(inert_line(one, 24)) for one in matrix.classes]
    heads = "".join(f'<th scope="col">{one}</th>' for one in (*names, *(["none"] if undecided else [])))
    rows = ""
    for index, (name, counts) in enumerate(zip(names, matrix.counts, strict=True)):
        total = sum(counts) or 1
        cells = "".join(
            f'<td class="h{_level(count / total)}{" right-answer" if column == index else ""}">{count or ""}</td>'
            for column, count in enumerate(counts if undecided else counts[:-1])
        )
        rows += f'<tr><th scope="row">{name}</th>{cells}</tr>'
    head = f'<thead><tr><td class="dim">is ↓ called →</td>{heads}</tr></thead>'
    return (
        '<div class="wide" role="region" tabindex="0" aria-label="Confusions"><table class="matrix">'
        '<caption class="unseen">Held-out pictures of each class (rows) by the class they were given (columns)'
        f"</caption>{head}<tbody>{rows}</tbody></table></div>"
    )


def _level(share: float) -> int:
    """Return how strongly a cell is shaded, from 0 to 5."""
    return 0 if share < 0.02 else min(5, 1 + int(share * 5))


def _guessed(report: Report) -> str:
    repairs = report.model.repairs if report.model is not None else ()
    lines = [text(said(one.message)) for one in repairs] + [text(said(one)) for one in report.notes]
    return section(
        "guessed",
        "What was repaired, guessed or left out",
        f"<ul>{''.join(f'<li>{one}</li>' for one in lines)}</ul>" if lines else "",
    )


def _advice(report: Report) -> str:
    items = "".join(
        f"<li>{text(said(one.title))}. {text(said(one.help))} "
        f'<span class="dim">{escaped(inert_line(f"{one.code} {one.where}", 60))}</span></li>'
        for one in report.advice
    )
    return section("advice", "Advice, which costs nothing", f"<ul>{items}</ul>" if items else "")


def _who(report: Report) -> Iterator[tuple[str, str]]:
    submission = report.submission
    yield "Id", escaped(inert_line(submission.id, 120))
    yield "Group", escaped(inert_line(", ".join(submission.group), 400))
    yield "Email", escaped(inert_line(submission.email, 120))
    yield "Files", escaped(inert_line(", ".join(submission.files), 600))
    yield "Not counted", escaped(inert_line(", ".join(submission.superseded), 600))
    yield "Late", "handed in after the deadline" if submission.late else ""
    yield "Problem", "" if submission.problem is None else escaped(inert_line(submission.problem.what))


def _made(page: StudentPage) -> Iterator[tuple[str, str]]:
    entry, run = page.version.entry, page.version.run
    report = entry.report
    yield "Report", f"run {entry.run}, {local_time(entry.saved, page.zone)}"
    yield "Isolation", escaped(isolation(report))
    yield "Versions", escaped(versions(report))
    hardware = (report.training.hardware if report.training is not None else None) or run.invocation.fingerprint
    yield "Hardware", escaped(inert_line(hardware_sentence(hardware)))
    yield "Rubric", f"SHA-256 {run.rubric_hash[:12]}"
    yield "Keys", escaped(f"capture {report.keys.capture[:12]}, training {report.keys.training[:12]}")
