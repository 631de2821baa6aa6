"""A rubric in words: every key, criterion and mark, and what follows from several keys together."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console

from grader.criteria import DEFINITIONS
from grader.report.terminal_rubric import rubric_page
from grader.rubric import Mark, Rubric, Rule, load, parse
from grader.rubric_outline import TABLES, outline, written

COURSE = Path(__file__).parents[2] / "rubrics" / "first_cnn.toml"
START = 'version = 1\ntitle = "A test"\n'
LEAST = START + "[criteria.built]\npoints = 3\n"


def read(text: str) -> Rubric:
    return parse(text, "rubrics/test.toml", DEFINITIONS)


def page(rubric: Rubric, width: int = 80) -> str:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(rubric_page(outline(rubric), "rubrics/test.toml"), width=width)
    return captured.get()


def tables() -> list[type[BaseModel]]:
    """Return every table that a rubric can have."""
    single = [type(Rubric.model_fields[name].default) for name in TABLES]
    return [Rubric, Rule, Mark, *single]


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.__name__)
def test_every_key_has_a_meaning(table: type[BaseModel]) -> None:
    """No key of any table is without words: half a sentence, which the page ends or goes on with."""
    for name, key in table.model_fields.items():
        assert key.description, f"{table.__name__}.{name} has no description"
        assert not key.description.endswith((".", " "))
        assert len(key.description) > 8


def test_every_table_is_explained() -> None:
    """What is not a criterion, a mark, the version or the title is a table that the outline goes through."""
    assert {*TABLES, "version", "title", "criteria", "human"} == set(Rubric.model_fields)


def test_the_courses_rubric_holds_every_key() -> None:
    """The page names every key of every table, every criterion with its own numbers, and every mark."""
    text = page(load(COURSE, DEFINITIONS))
    for name in TABLES:
        assert f"[{name}]" in text
        for key in type(Rubric.model_fields[name].default).model_fields:
            assert f"  {key} " in text
    for name, definition in DEFINITIONS.items():
        assert f"  {name} " in text
        for number in definition.parameters:
            assert f"{number} = " in text
    assert "(default" not in text


def test_what_differs_from_the_default_is_said() -> None:
    """A changed key, and a criterion's own number, stand with the default beside them; a written default does not."""
    text = page(
        read(
            START
            + "[recipe]\nsteps = 800\nbatch = 64\n[data]\nsource = 'photos'\n"
            + "[criteria.memorises]\npoints = 2\nat = 0.5\n"
        )
    )
    flat = " ".join(text.split())
    assert "steps 800 optimiser steps (AdamW) of every training (default 500)" in flat
    assert "at = 0.5: share of the 64 training pictures that must be learnt by heart (default 0.9)" in flat
    assert '(default "patterns")' in flat
    assert flat.count("(default") == 3


def test_the_recipe_in_sentences() -> None:
    """Epochs, the length of the warm-up and repeats follow from several keys, and are said in numbers."""
    said = {section.name: " ".join(section.words) for section in outline(load(COURSE, DEFINITIONS)).sections}
    assert "500 steps of 64 pictures, so that it sees each training picture 8 times" in said["recipe"]
    assert "rises to 0.004 over the first 100 steps" in said["recipe"]
    assert "median" not in said["recipe"]
    assert "from 15.0 % (1.5 times a guess among 10 classes)" in said["reference"]
    assert "3×32×32" in said["input"]
    assert "±3.1 percentage points" in said["data"]  # 1.96 * sqrt(0.25 / 1000)
    other = read(
        LEAST
        + "[recipe]\nseeds = 3\n[data]\nsource = 'photos'\nheld_out_fraction = 0.25\n"
        + "[criteria.accuracy]\npoints = 1\nchance = 2\n"
    )
    said = {section.name: " ".join(section.words) for section in outline(other).sections}
    assert "It is trained 3 times, and the median accuracy counts." in said["recipe"]
    assert "sees each" not in said["recipe"]  # nobody knows how many pictures there are
    assert "25.0 % are held out" in said["data"]
    assert "from 20.0 %" in said["reference"]
    without = {section.name: section.words for section in outline(read(LEAST)).sections}
    assert without["reference"] == ("No criterion of this rubric compares a network with it.",)


def test_criteria_say_what_they_need_and_where_they_pass() -> None:
    """A rubric's own title, requirements and pass mark stand in place of the criterion's."""
    own = "[criteria.output]\npoints = 4\npass_at = 2.5\nrequires = []\ntitle = 'Mine'\n"
    judged = {one.id: one for one in outline(read(LEAST + own)).criteria}
    output = judged["output"]
    assert (output.title, output.points, output.pass_at, output.requires) == ("Mine", 4, 2.5, ())
    assert judged["built"].meaning.startswith("Whether a model can be made")
    text = page(read(LEAST + own))
    assert "It counts as passed from 2.5 points." in text
    assert text.count("It needs") == 0


def test_marks_have_their_guides() -> None:
    """Guides are shown as they are written, on one paragraph; a mark without one says so."""
    guided = "[human.a]\npoints = 2\ntitle = 'A'\nguide = '''\nfive:\n  all'''\n"
    text = page(read(LEAST + guided + "[human.b]\npoints = 1\ntitle = 'B'\n"))
    assert "2 marks, 3 points" in text
    assert "Five: all." in text
    assert "There is no guide for whoever marks this." in text


@pytest.mark.parametrize(
    "value", [True, 7, 50_000_000, -12_345, 4e-3, 0.2, 1e-9, 'a "b" \\', "", [3, 32, 32], [0.5, "x"]]
)
def test_values_are_written_as_toml_reads_them(value: object) -> None:
    """What stands on the page can be typed into the file."""
    assert tomllib.loads(f"x = {written(value)}") == {"x": value}


def test_large_numbers_are_grouped() -> None:
    """They are as the course's rubric writes them."""
    assert written(50_000_000) == "50_000_000"
    assert written(4000) == "4000"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_page_fits_and_is_inert(width: int) -> None:
    """No line is too wide; a title from a stranger's file is shown, not obeyed."""
    hostile = LEAST.replace("A test", "[red]x \\u001b[2J")
    text = page(read(hostile + '[human.a]\npoints = 1\ntitle = "\\u001b[2J [bold]b"\n'), width)
    assert "\x1b" not in text
    assert "[red]x" in text
    assert "[bold]b" in " ".join(text.split())
    for line in text.splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_json_is_plain() -> None:
    """The outline is JSON with a version, and has the value and the default of every key."""
    plain = json.loads(json.dumps(outline(load(COURSE, DEFINITIONS)).to_json(), allow_nan=False))
    assert plain["version"] == 1
    assert (plain["automatic_points"], plain["human_points"]) == (30, 20)
    recipe = next(one for one in plain["sections"] if one["name"] == "recipe")
    steps = recipe["keys"][0]
    assert (steps["name"], steps["value"], steps["default"]) == ("steps", 500, 500)
    assert plain["criteria"][0]["id"] == "built"
