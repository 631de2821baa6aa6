"""A rubric is read whole or refused in one sentence with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.criteria import DEFINITIONS
from grader.faults import RubricFault
from grader.rubric import Definition, Parameter, Rubric, Rule, load, parse
from grader.rubric.mistakes import line_of
from grader.rubric.tables import TRAINED
from grader.training.recipe import Recipe

COURSE = Path(__file__).parents[1] / "rubrics" / "first_cnn.toml"
START = 'version = 1\ntitle = "A test"\n'
LEAST = START + "[criteria.built]\npoints = 3\n"


def read(text: str) -> Rubric:
    """Read a rubric by the grader's own criteria."""
    return parse(text, "rubrics/test.toml", DEFINITIONS)


def mistake(text: str) -> str:
    """Return the one sentence that a rubric is refused with."""
    with pytest.raises(RubricFault) as caught:
        read(text)
    more = len(caught.value.mistakes) - 1
    assert caught.value.why == ("" if more < 1 else "There is 1 more." if more == 1 else f"There are {more} more.")
    assert "\n" not in caught.value.what
    assert caught.value.what.endswith(".")
    return caught.value.what


def test_the_courses_rubric() -> None:
    """The course's rubric has 50 points, 30 by the machine and 20 by a human, over all criteria."""
    course = load(COURSE, DEFINITIONS)
    assert (course.automatic_points, course.human_points) == (30, 20)
    assert set(course.criteria) == set(DEFINITIONS)
    earned = {name: rule.points for name, rule in course.criteria.items()}
    assert earned == {
        "built": 3, "budget": 0, "output": 3, "training_step": 2, "convolution": 4, "pooling": 3, "flatten": 1,
        "dense": 1, "order": 1, "activations": 2, "used": 2, "repeatable": 1, "memorises": 1, "accuracy": 6,
    }  # fmt: skip
    assert {name: mark.points for name, mark in course.human.items()} == {
        "architecture": 5, "shapes": 5, "choices": 4, "results": 4, "rerun": 2,
    }  # fmt: skip


def test_the_courses_rubric_writes_the_defaults() -> None:
    """What the course's rubric writes down is what is used where it is left out."""
    course, least = load(COURSE, DEFINITIONS), read(LEAST)
    for table in ("input", "data", "reference", "recipe", "budget", "limits", "extract"):
        assert getattr(course, table) == getattr(least, table)
    for name, definition in DEFINITIONS.items():
        assert definition.complete(course.criteria[name]) == definition.complete(
            Rule(points=course.criteria[name].points)
        )


def test_least_rubric() -> None:
    """Version, title and one criterion are enough."""
    least = read(LEAST)
    assert least.input.shape == (3, 32, 32)
    assert least.recipe.steps == 500
    assert least.human_points == 0


def test_weights_are_part_of_the_recipe() -> None:
    """Weights are drawn anew unless the rubric says otherwise, and a training depends on which."""
    least, submitted = read(LEAST), read(LEAST + '[recipe]\nweights = "submitted"')
    assert (least.recipe.weights, submitted.recipe.weights) == ("fresh", "submitted")
    assert least.content_hash(["recipe"]) != submitted.content_hash(["recipe"])
    assert Recipe(**least.recipe.model_dump(exclude={"seeds"})).weights == "fresh"


def test_rubric_is_frozen() -> None:
    """A rubric does not change after it was read."""
    with pytest.raises(ValueError, match="frozen"):
        setattr(read(LEAST), "title", "Another")  # noqa: B010 - mypy would not let us


def test_paths_are_seen_from_the_rubric() -> None:
    """Paths in a rubric are seen from its own folder."""
    assert read(LEAST).resolve("../reference/solution.py") == Path("rubrics/../reference/solution.py")


def test_complete_fills_in_what_was_left_out() -> None:
    """A criterion's definition fills in title, requirements, its own numbers and where it counts as passed."""
    definition = Definition("It is so", ("built",), 0.5, {"at": Parameter(0.9, 0, 1, "a share")})
    full = definition.complete(Rule(points=6))
    assert (full.title, full.requires, full.pass_at, full.number("at")) == ("It is so", ("built",), 3, 0.9)
    own = definition.complete(
        Rule.model_validate({"points": 6, "pass_at": 6, "title": "Mine", "requires": (), "at": 0.5})
    )
    assert (own.title, own.requires, own.pass_at, own.number("at")) == ("Mine", (), 6, 0.5)


def test_json_and_hash() -> None:
    """The JSON leaves out what was left to a criterion, and the hash covers the named tables only."""
    one = read(LEAST)
    other = read(START + "[recipe]\nsteps = 7\n[criteria.built]\npoints = 3\n")
    reordered = read(START + "[criteria.built]\npoints = 3.0\n[recipe]\nbatch = 64\nsteps = 500\n")
    assert one.to_json()["criteria"] == {"built": {"points": 3}}
    assert one.content_hash(["criteria"]) == other.content_hash(["criteria"])
    assert one.content_hash(["recipe"]) != other.content_hash(["recipe"])
    assert one.content_hash(["recipe", "criteria"]) == reordered.content_hash(["criteria", "recipe"])
    with pytest.raises(KeyError):
        one.content_hash(["recipes"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = ", "test.toml, line 1: this is not TOML: invalid value."),
        (START + "points = = 3", "test.toml, line 3, column 10: this is not TOML: invalid value."),
        (LEAST + "[recipe]\nstep = 3", "line 6: recipe.step is not a known key; did you mean steps."),
        (LEAST + "[recipes]\nsteps = 3", "line 5: recipes is not a known key; did you mean recipe."),
        (LEAST + "colour = 3", "line 5: criteria.built.colour is not a known key."),
        (LEAST + "pas_at = 3", "line 5: criteria.built.pas_at is not a known key; did you mean pass_at."),
        (
            LEAST + "[human.x]\npoints = 1\ntitle = 'T'\nguid = ''",
            "line 8: human.x.guid is not a known key; did you mean guide.",
        ),
        ("[criteria.built]\npoints = 3", "line 1: version is missing."),
        (START, "line 1: criteria is missing."),
        (START + "[criteria]", "line 3: criteria must be a list or table of at least 1, not {}."),
        (START + "[criteria.built]", "line 3: criteria.built.points is missing."),
        (START + "[criteria]\nbuilt = 3", "line 4: criteria.built must be a table, not 3."),
        (LEAST.replace("version = 1", "version = 2"), "line 1: version must be 1, not 2."),
        (LEAST.replace("points = 3", "points = -1"), "line 4: criteria.built.points must be at least 0, not -1."),
        (
            LEAST.replace("points = 3", "points = nan"),
            "line 4: criteria.built.points must be a finite number, not NaN.",
        ),
        (LEAST.replace("points = 3", 'points = "3"'), 'line 4: criteria.built.points must be a number, not "3".'),
        (LEAST + "pass_at = 4", "line 5: criteria.built.pass_at must be at most the criterion's 3 points, not 4."),
        (LEAST + "requires = ['outputs']", 'names "outputs", which is not a known criterion; did you mean output.'),
        (LEAST + "requires = ['output']", "line 5: criteria.built.requires goes round in a circle"),
        (LEAST.replace("built", "dens"), "line 3: criteria.dens is not a known criterion; did you mean dense."),
        (
            LEAST + "[criteria.memorises]\npoints = 1\nat = 2",
            "line 7: criteria.memorises.at must lie between 0 and 1, not 2.",
        ),
        (
            LEAST + "[criteria.memorises]\npoints = 1\nat = true",
            "line 7: criteria.memorises.at must be a number, not true.",
        ),
        (
            LEAST + "[input]\nshape = [3, 32]",
            "line 6: input.shape[2] is missing; a shape is channels, height and width.",
        ),
        (LEAST + '[input]\nshape = [3, "32", 32]', 'line 6: input.shape[1] must be a whole number, not "32".'),
        (LEAST + "[input]\nshape = 3", "line 6: input.shape must be a list, not 3."),
        (LEAST + "[input]\nshape = [3, 32, 32, 1]", "line 6: input.shape must be a list or table of at most 3"),
        (LEAST + "[recipe]\nsteps = 2.5", "line 6: recipe.steps must be a whole number, not 2.5."),
        (LEAST + "[recipe]\nsteps = true", "line 6: recipe.steps must be a whole number, not true."),
        (
            LEAST + '[recipe]\nmemory_format = "nchw"',
            "line 6: recipe.memory_format must be 'channels_last' or 'contiguous', ",
        ),
        (
            LEAST + "[recipe]\ncrops = 17",
            "line 6: recipe.crops must be at most 16, not 17.",
        ),
        (
            LEAST + "[recipe]\nflips = 1",
            "line 6: recipe.flips must be true or false, not 1.",
        ),
        (
            LEAST + '[recipe]\nweights = "new"',
            "line 6: recipe.weights must be 'submitted' or 'fresh', ",
        ),
        (LEAST + "[data]\nheld_out_fraction = 1.0", "line 6: data.held_out_fraction must be less than 1, not 1.0."),
        (LEAST + "[data]\nheld_out_seed = 1", "line 6: data.held_out_seed must differ from data.seed"),
        (LEAST + "[reference]\nseeds = 1", "line 6: reference.seeds must be at least 2, not 1."),
        (LEAST + "[extract]\nrepairs = 1", "line 6: extract.repairs must be true or false, not 1."),
        (LEAST + "[human.built]\npoints = 1\ntitle = 'T'", "line 5: human.built is also the name of a criterion"),
        (LEAST + "[human.'B 1']\npoints = 1\ntitle = 'T'", "line 5: human.B 1 must be small letters"),
        (
            START.replace("A test", "") + "[criteria.built]\npoints = 3",
            "line 2: title must be text that says something",
        ),
    ],
)
def test_mistakes(text: str, sentence: str) -> None:
    """Every mistake names the file, the line, the key, what is wrong, and the nearest known key."""
    said = mistake(text)
    assert said.startswith("rubrics/test.toml, ")
    assert sentence in said


def test_first_mistake_in_the_file_is_said() -> None:
    """Of several mistakes the one that stands highest is said."""
    assert "line 6: recipe.steps" in mistake(LEAST + "[recipe]\nsteps = 0\n[input]\nclasses = 1")


def test_longer_circles_are_found() -> None:
    """A circle over several criteria is refused, also when defaults close it."""
    text = START + '[criteria.output]\npoints = 3\nrequires = ["accuracy"]\n'
    assert "criteria.output.requires goes round in a circle" in mistake(text)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is missing or not text is a rubric's fault as well."""
    with pytest.raises(RubricFault, match="cannot be read: No such file"):
        load(tmp_path / "none.toml", DEFINITIONS)
    (tmp_path / "binary.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(RubricFault, match="byte 10 does not belong"):
        load(tmp_path / "binary.toml", DEFINITIONS)
    with pytest.raises(RubricFault, match="cannot be read"):
        load(tmp_path, DEFINITIONS)


def test_nested_too_deeply() -> None:
    """A file that would overflow the reader's stack is refused like any other."""
    assert "nested too deeply" in mistake("a = " + "[" * 5000 + "]" * 5000)


def test_lines_of_all_ways_to_write_a_key() -> None:
    """Headers, dotted and quoted keys are found; text in triple quotes is not taken for keys."""
    text = '''version = 1
recipe.steps = 3
guide = """
[criteria.built]
points = 9
"""
[criteria."built"] # here
  points = 3
[ input ]
shape = [
  3,
]
'''
    assert line_of(text, ("recipe", "steps")) == 2
    assert line_of(text, ("criteria", "built")) == 7
    assert line_of(text, ("criteria", "built", "points")) == 8
    assert line_of(text, ("criteria", "built", "pass_at")) == 7
    assert line_of(text, ("input", "shape", 2)) == 10
    assert line_of(text, ("nothing",)) == 1


@given(st.text(max_size=200))
def test_any_text_is_a_rubric_or_one_sentence(text: str) -> None:
    """Whatever stands in the file, the answer is a rubric or a RubricFault that names it."""
    said = ""
    try:
        read(START + text)
    except RubricFault as fault:
        said = fault.what
    assert said.startswith("rubrics/test.toml, line ")  # a criterion is missing, if nothing else


def test_what_trains() -> None:
    """A rubric trains when one of its criteria looks at a training, or when it says how to."""
    assert not read(LEAST).trains
    assert set(TRAINED) < set(DEFINITIONS)
    assert read(LEAST + "[criteria.memorises]\npoints = 1").trains
    assert read(LEAST + "[recipe]\nsteps = 5").trains
    assert load(COURSE, DEFINITIONS).trains
    assert not load(COURSE.with_name("structure_only.toml"), DEFINITIONS).trains
