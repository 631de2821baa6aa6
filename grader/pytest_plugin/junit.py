"""What the JUnit file says of a criterion: its title as the name, its points in a place that the schema has."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import pytest
from _pytest.junitxml import bin_xml_escape, xml_key

_OWN = {"submission", "criterion", "title", "outcome", "max_points"}
"""Properties by which a criterion's report is known."""


@contextmanager
def written_for(config: pytest.Config, report: pytest.TestReport) -> Generator[None]:
    """Complete the element of a criterion's test after pytest has closed it.

    The schema of `junit_family = xunit2` has no properties in a test case. There they stand in `system-out`, one a line
    as `[[PROPERTY|points=3.0]]`, which is how tools without properties write them; in `xunit1` they are properties.
    """
    xml = config.stash.get(xml_key, None)
    properties = dict(report.user_properties)
    if xml is None or report.when != "teardown" or not properties.keys() >= _OWN:
        yield
        return
    reporter = xml.node_reporter(report)
    yield
    case = reporter.to_xml()
    case.set("name", bin_xml_escape(properties["title"]))
    written = case.find("properties")
    if xml.family == "xunit2" and written is not None:
        case.remove(written)
        lines = "".join(f"[[PROPERTY|{one.get('name')}={one.get('value')}]]\n" for one in written)
        ET.SubElement(case, "system-out").text = lines
