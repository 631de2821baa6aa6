"""A rubric that no submission is captured for, as every file is too large for it, and what is read of a JUnit file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

QUICK = """\
version = 1
title = "Quick"
[limits]
notebook_megabytes = 0.000001
[criteria.built]
points = 3
[criteria.pooling]
points = 2
[human.choices]
points = 4
title = "The choices are explained"
"""
"""`built` fails, `pooling` is skipped, `choices` is pending."""

UNWALLED = "--submission-isolation=none"
"""Where nothing is captured, no walls need be tried, which takes seconds in a home folder that is new."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test case of a JUnit file.

    Attributes:
        name: of the test.
        outcome: `passed`, `failed`, `skipped`, `pending` or `error`, by the element alone.
        properties: points and names, from wherever the family keeps them.
        text: of its failure, error or skip.
        message: the same in one line or more, as the attribute has it.
    """

    name: str
    outcome: str
    properties: dict[str, str]
    text: str
    message: str


def cases(file: Path) -> list[Case]:
    """Return the test cases of a JUnit file, in order."""
    return [_case(one) for one in ET.parse(file).getroot().iter("testcase")]


def _case(element: ET.Element) -> Case:
    words = {"failure": "failed", "error": "error", "skipped": "skipped"}
    ended = next((one for one in element if one.tag in words), None)
    outcome, text, message = "passed", "", ""
    if ended is not None:
        text, message = ended.text or "", ended.get("message", "")
        outcome = "pending" if message.startswith("pending: ") else words[ended.tag]
    printed = "".join(one.text or "" for one in element.iter("system-out"))
    found = dict(re.findall(r"^\[\[PROPERTY\|(\w+)=(.*)\]\]$", printed, re.MULTILINE))
    found |= {one.attrib["name"]: one.attrib["value"] for one in element.iter("property")}
    return Case(element.attrib["name"], outcome, found, text, message)
