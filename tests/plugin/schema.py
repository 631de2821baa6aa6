"""What `junit_family = xunit2` allows, as in the schema of Jenkins' xunit plugin (`junit-10.xsd`) that pytest names."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")
_WORDS = {"type", "message"}
_RERUN = {"rerunFailure", "rerunError", "flakyFailure", "flakyError"}

# For each element: what may stand in it, which attributes it may have, which it must have, whether text may.
# The schema calls an error `errors`; pytest, Jenkins and all other readers call it `error`.
RULES: dict[str, tuple[set[str], set[str], set[str], bool]] = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}, set(), False),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {
            *("name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id"),
            *("package", "file", "log", "url", "version"),
        },
        {"name", "tests", "failures", "errors"},
        False,
    ),
    "testcase": (
        {"skipped", "error", "errors", "failure", "system-out", "system-err", *_RERUN},
        {"name", "time", "classname", "group"},
        {"name"},
        False,
    ),
    "properties": ({"property"}, set(), set(), False),
    "property": (set(), {"name", "value"}, {"name", "value"}, False),
    "failure": (set(), _WORDS, set(), True),
    "error": (set(), _WORDS, set(), True),
    "errors": (set(), _WORDS, set(), True),
    "skipped": (set(), _WORDS, set(), True),
    "system-out": (set(), set(), set(), True),
    "system-err": (set(), set(), set(), True),
}


def problems(element: ET.Element) -> list[str]:
    """Return what the schema forbids in an element and below it; `testsuites` and `testsuite` may be the root."""
    if element.tag not in RULES:
        return [f"<{element.tag}> is no element"]
    children, allowed, required, text = RULES[element.tag]
    found = [f"<{element.tag}> has no {one}" for one in sorted(required - set(element.attrib))]
    found += [f"<{element.tag}> may not have {one}" for one in sorted(set(element.attrib) - allowed)]
    if element.tag in ("testsuite", "testsuites") and not TIME.fullmatch(element.get("time", "")):
        found.append(f"<{element.tag}> has the time {element.get('time')!r}")
    words = [element.text, *(one.tail for one in element)]
    if not text and any((one or "").strip() for one in words):
        found.append(f"<{element.tag}> may not have text")
    for one in element:
        if one.tag not in children:
            found.append(f"<{one.tag}> may not stand in <{element.tag}>")
        found += problems(one)
    return found
