"""JUnit XML: a suite for each submission, a case for each criterion, in the words of the pytest plugin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from grader.records import Finding, Outcome, Report
from grader.report.plain import inert
from grader.report.verdicts import failure_text, properties, skip_reason


def document(reports: Iterable[Report]) -> str:
    """Return the file; points stand in `system-out`, as the schema has no properties in a test case."""
    root = ET.Element("testsuites", name="grader")
    for report in sorted(reports, key=lambda one: one.submission.id):
        root.append(_suite(report))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report) -> ET.Element:
    count = Counter(one.outcome for one in report.findings)
    suite = ET.Element(
        "testsuite",
        name=inert(report.submission.id),
        tests=str(len(report.findings)),
        failures=str(count[Outcome.FAILED]),
        errors=str(count[Outcome.ERROR]),
        skipped=str(count[Outcome.SKIPPED] + count[Outcome.PENDING]),
    )
    suite.extend([_case(one, report) for one in report.findings])
    return suite


def _case(found: Finding, report: Report) -> ET.Element:
    case = ET.Element("testcase", classname=inert(report.submission.id), name=inert(found.title))
    match found.outcome:
        case Outcome.FAILED:
            ET.SubElement(case, "failure", message=_first(found)).text = inert(failure_text(found, report))
        case Outcome.ERROR:
            ET.SubElement(case, "error", message=_first(found)).text = inert(failure_text(found, report))
        case Outcome.SKIPPED | Outcome.PENDING:
            ET.SubElement(case, "skipped", message=skip_reason(found))
    # An error has no points whatever stands beside it: a fault of the grader's is never lost points.
    beside = [one for one in properties(found, inert(report.submission.id)) if _counts(one[0], found)]
    ET.SubElement(case, "system-out").text = "".join(f"[[PROPERTY|{name}={value}]]\n" for name, value in beside)
    return case


def _counts(name: str, found: Finding) -> bool:
    return name != "points" or found.outcome is not Outcome.ERROR


def _first(found: Finding) -> str:
    return inert(found.rationale or found.title).partition("\n")[0]
