"""Which submission is meant by what was typed."""

from __future__ import annotations

import pytest

from grader.appeals import find
from grader.faults import OperatorFault

CLASS = (
    ("48213", "Chidi Okafor"),
    ("48219", "Anna Lee"),
    ("51007", "Anna Marie Lee"),
    ("6", "Wes"),
    ("60", "Zoë Ångström"),
    ("lenet", "lenet"),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("48213", "48213"),
        ("6", "6"),  # the id itself, although another begins with it
        ("51", "51007"),
        ("LEN", "lenet"),
        ("chidi  okafor", "48213"),
        ("Anna Lee", "48219"),  # the whole name, although it is no part of the other
        ("okafor", "48213"),
        ("ZOË", "60"),
        ("Lee, Anna Marie", "51007"),  # as a gradebook sorts it
    ],
)
def test_what_fits_one_is_found(wanted: str, found: str) -> None:
    """An id, the beginning of one, a name or a part of it is enough where it fits exactly one."""
    assert find(wanted, CLASS) == found


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("482", r"2 submissions fit '482': 48213 \(Chidi Okafor\) and 48219 \(Anna Lee\)\. Write the whole id\."),
        ("lee", "2 submissions fit 'lee'"),
        ("4821x", r"There is no submission '4821x' in this gradebook\. The nearest: 4821\d .*4821\d "),
        ("Okaforr Chidi", "The nearest: 48213"),
        ("", "There is no submission ''"),
        ("\x1b[2Jnobody", r"'\\x1b\[2Jnobody'"),
        ("qqqqqq", "first column of grades.csv"),
    ],
)
def test_what_fits_none_or_several_is_refused(wanted: str, said: str) -> None:
    """The message has those that fit, or the nearest, and nothing that acts on a terminal."""
    with pytest.raises(OperatorFault, match=said):
        find(wanted, CLASS)


def test_a_prefix_and_anothers_name_are_not_mixed_up() -> None:
    """Where one id begins with a word that is another student's name, neither is taken."""
    with pytest.raises(OperatorFault, match="2 submissions fit 'ada'"):
        find("ada", (("ada-lovelace", "A. L."), ("7", "Ada")))
