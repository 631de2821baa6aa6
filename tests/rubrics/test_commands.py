"""`grader rubric check` and `show`: what is printed, what is doubted, and the exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from grader.cli_rubric import rubric as group
from grader.criteria import DEFINITIONS
from grader.faults import OperatorFault, RubricFault
from grader.rubric import parse
from grader.rubric_commands import doubts

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "rubrics" / "first_cnn.toml"
LEAST = 'version = 1\ntitle = "A test"\n[criteria.built]\npoints = 3\n'
SOLUTION = f'[reference]\nsolution = "{ROOT / "reference" / "solution.py"}"\n'
ACCURACY = "[criteria.accuracy]\npoints = 6\n"


def found(text: str) -> dict[str, str]:
    """Return the doubts about a rubric by their keys; each ends in what to do."""
    several = list(doubts(parse(text, str(COURSE.with_name("test.toml")), DEFINITIONS)))
    assert len({one.key for one in several}) == len(several)
    assert all(one.what.endswith(".") and one.fix.endswith(".") for one in several)
    return {one.key: one.what for one in several}


def test_the_courses_rubric_is_right() -> None:
    """One line says what it holds, and that nothing is wrong."""
    done = CliRunner().invoke(group, ["check", str(COURSE)])
    assert done.exit_code == 0
    assert done.stdout == (
        f"{COURSE}: {len(DEFINITIONS)} criteria, 30 automatic points and 20 by a human; nothing is wrong.\n"
    )


def test_mistakes_are_a_line_each_and_exit_code_2(tmp_path: Path) -> None:
    """`check` names every mistake with its line; the others stop at the first and say where all of them are named."""
    path = tmp_path / "mine.toml"
    path.write_text(LEAST + "[recipe]\nstep = 3\nbatch = 0\n")
    done = CliRunner().invoke(group, ["check", str(path)])
    assert done.exit_code == 2
    assert done.stdout == (
        f"{path}, line 6: recipe.step is not a known key; did you mean steps.\n"
        f"{path}, line 7: recipe.batch must be at least 1, not 0.\n"
    )
    plain = json.loads(CliRunner().invoke(group, ["check", str(path), "--json"]).stdout)
    assert plain["mistakes"][1] == {"line": 7, "key": "recipe.batch", "problem": "must be at least 1, not 0"}
    for command in ("show", "calibrate"):
        assert isinstance(CliRunner().invoke(group, [command, str(path)]).exception, RubricFault)
    words = [sys.executable, "-m", "grader.cli", "rubric", "show", str(path)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        f"grader: {path}, line 6: recipe.step is not a known key; did you mean steps. There is 1 more. "
        f"grader rubric check {path} names them all.\n"
    )


def test_no_rubric_at_all(tmp_path: Path) -> None:
    """A file that is not there is said as it is by every command."""
    assert isinstance(CliRunner().invoke(group, ["check", str(tmp_path / "gone.toml")]).exception, RubricFault)


def test_doubts_leave_with_0_and_are_said(tmp_path: Path) -> None:
    """A rubric that can be read is no error; each doubt has a line, and the JSON has them all."""
    path = tmp_path / "mine.toml"
    path.write_text(LEAST + '[reference]\nsolution = "gone.py"\n' + ACCURACY)
    done = CliRunner().invoke(group, ["check", str(path)])
    assert done.exit_code == 0
    first, *rest = done.stdout.splitlines()
    assert first == f"{path}: 2 criteria, 9 automatic points; it can be read, but:"
    assert len(rest) == 1
    assert rest[0].startswith(f"  - reference.solution: {tmp_path / 'gone.py'} does not exist")
    plain = json.loads(CliRunner().invoke(group, ["check", str(path), "--json"]).stdout)
    assert (plain["version"], plain["criteria"], plain["automatic_points"], plain["human_points"]) == (1, 2, 9, 0)
    assert [one["key"] for one in plain["doubts"]] == ["reference.solution"]


def test_nothing_is_doubted_without_a_reason() -> None:
    """A rubric of defaults is right, also without a criterion for the accuracy where no reference is set."""
    assert found(LEAST) == {}
    assert found(LEAST + SOLUTION + ACCURACY) == {}


def test_a_reference_that_earns_nothing() -> None:
    """A reference that is set is trained for nothing where the accuracy has no points."""
    for nothing in ("", ACCURACY.replace("6", "0")):
        assert "earns no points" in found(LEAST + SOLUTION + nothing)["criteria.accuracy"]


def test_pictures_that_are_not_there(tmp_path: Path) -> None:
    """A folder is seen from the rubric; one that is there is not doubted."""
    assert "nowhere does not exist" in found(LEAST + "[data]\nsource = 'nowhere'\n")["data.source"]
    assert found(LEAST + f"[data]\nsource = '{tmp_path}'\n") == {}


def test_numbers_without_effect(tmp_path: Path) -> None:
    """Counts are for generated pictures and the fraction for one's own; the other's are doubted when they are set."""
    own = LEAST + f"[data]\nsource = '{tmp_path}'\n"
    assert set(found(own + "train = 9000\nheld_out_seed = 7\n")) == {"data.train", "data.held_out_seed"}
    assert found(own + "held_out_fraction = 0.3\ntrain = 4000\n") == {}
    assert "it has no effect" in found(LEAST + "[data]\nheld_out_fraction = 0.3\n")["data.held_out_fraction"]


def test_generated_pictures_of_another_kind() -> None:
    """The generator makes ten classes, in colour or in grey, and nothing larger than 32 pixels."""
    assert "asks for 10 classes of 1×40×28." in found(LEAST + "[input]\nshape = [1, 40, 28]\n")["data.source"]
    assert found(LEAST + "[input]\nshape = [1, 28, 28]\n") == {}
    assert "asks for 7 classes of 3×32×32." in found(LEAST + "[input]\nclasses = 7\n")["data.source"]


@pytest.mark.parametrize(("count", "known"), [(50, "±13"), (199, "±7"), (200, "")])
def test_few_held_out_pictures(count: int, known: str) -> None:
    """With fewer than 200 an accuracy is known to 7 percentage points and worse."""
    assert known in found(LEAST + f"[data]\nheld_out = {count}\n").get("data.held_out", "")
    assert bool(known) == ("data.held_out" in found(LEAST + f"[data]\nheld_out = {count}\n"))


def test_two_classes(tmp_path: Path) -> None:
    """With two classes 1.5 times a guess is 75 %, and twice a guess is 100 %, which nobody exceeds."""
    two = LEAST + f"[input]\nclasses = 2\n[data]\nsource = '{tmp_path}'\n{ACCURACY}"
    assert "is 75.0 %, and points hardly begin below it" in found(two)["criteria.accuracy.chance"]
    assert "is 100.0 %, which no network can exceed" in found(two + "chance = 2\n")["criteria.accuracy.chance"]
    assert found(two + "chance = 1.1\n") == {}
    assert found(two.replace("points = 6", "points = 0")) == {}


def test_no_points_at_all() -> None:
    """A rubric in which nothing earns anything is not meant."""
    assert "criteria" in found(LEAST.replace("points = 3", "points = 0"))
    human = "[human.a]\npoints = 1\ntitle = 'A'\n"
    assert found(LEAST.replace("points = 3", "points = 0") + human) == {}


def test_show_prints_a_page_or_json() -> None:
    """The page begins with the title; the JSON names the file."""
    done = CliRunner().invoke(group, ["show", str(COURSE), "--no-pager"])
    assert done.exit_code == 0
    assert done.stdout.startswith("First convolutional network\n")
    plain = json.loads(CliRunner().invoke(group, ["show", str(COURSE), "--json"]).stdout)
    assert (plain["rubric"], plain["title"]) == (str(COURSE), "First convolutional network")


def test_every_command_and_option_is_in_the_interface() -> None:
    """The Interface section of the map has each command of `grader rubric` with all of its options."""
    section = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Interface")[2]
    block = section.split("```")[1]
    lines = re.split(r"\n(?=grader )", block)
    command = get_command(group)
    assert set(command.commands) == {"check", "copy", "show", "schema", "calibrate"}  # type: ignore[attr-defined]
    for name, one in command.commands.items():  # type: ignore[attr-defined]
        text = next((line for line in lines if re.match(rf"grader rubric\s+{name}\b", line)), "")
        for option in (option for parameter in one.params for option in parameter.opts if option.startswith("--")):
            if option != "--help":
                assert option in text, f"grader rubric {name} {option} is not in the map"


def test_nothing_here_imports_torch() -> None:
    """The commands start without torch."""
    program = "import sys; import grader.cli_rubric, grader.rubric_commands, grader.calibrate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", ["first_cnn", "mnist", "structure_only", "university"])
def test_a_copy_has_what_it_names(tmp_path: Path, name: str) -> None:
    """A copied rubric says the same, finds its reference solution, and has nothing that is doubted."""
    target = tmp_path / "mine.toml"
    done = CliRunner().invoke(group, ["copy", name, str(target)])
    assert done.exit_code == 0, done.output
    theirs = COURSE.with_name(f"{name}.toml")
    mine = parse(target.read_text(encoding="utf-8"), str(target), DEFINITIONS)
    assert list(doubts(mine)) == []
    assert mine.criteria == parse(theirs.read_text(encoding="utf-8"), str(theirs), DEFINITIONS).criteria


def test_a_copy_writes_over_nothing(tmp_path: Path) -> None:
    """A file that is there stays, and so does a solution of the same name."""
    (tmp_path / "solution.py").write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(group, ["copy", "first_cnn", str(tmp_path / "mine.toml")])
    assert isinstance(done.exception, OperatorFault)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["solution.py"]
