"""Options, ids and selection: everything that is known before anything is captured."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import pytest_plugin
from grader.pytest_plugin import running  # noqa: F401 - an inline run forgets what it imports first
from tests.plugin.samples import QUICK, UNWALLED

NET = "import torch\n"
IDS = ["net.py::built", "net.py::pooling", "net.py::choices"]


@pytest.fixture
def own(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a folder with a rubric, a submission and a class of two."""
    pytester.makefile(".toml", rubric=QUICK)
    pytester.makepyfile(net=NET)
    several = pytester.mkdir("several")
    for name in ("ada.py", "bo.py"):
        (several / name).write_text(NET, encoding="utf-8")
    return pytester


def collected(done: pytest.RunResult) -> list[str]:
    """Return the ids that `--collect-only -q` printed."""
    return [one for one in done.outlines if "::" in one]


def run(own: pytest.Pytester, *words: str) -> pytest.RunResult:
    return own.runpytest_inprocess("--rubric", "rubric.toml", UNWALLED, *words)


def test_ids_come_from_rubric_and_submission(own: pytest.Pytester) -> None:
    """Each criterion and mark of the rubric, in its order, below the path of the submission."""
    done = run(own, "--submission", "net.py", "--submission", "several", "--collect-only", "-q")
    assert collected(done) == [f"{name}::{one[8:]}" for name in ("net.py", "several/ada", "several/bo") for one in IDS]


def test_titles_are_names(own: pytest.Pytester) -> None:
    """An item is called by its criterion's title; `-k` takes words of it, the criterion and the submission."""
    titles = own.inline_genitems("--rubric", "rubric.toml", "--submission", "net.py")[0]
    names = ["The model can be built", "A pooling layer makes the maps smaller", "The choices are explained"]
    assert [one.name for one in titles] == names
    for word, count in (("built", 1), ("smaller", 1), ("choices", 1), ("net", 3), ("ada", 0)):
        assert len(collected(run(own, "--submission", "net.py", "-k", word, "--collect-only", "-q"))) == count, word


def test_the_tests_beside_it_are_not_run_unless_named(own: pytest.Pytester) -> None:
    """A submission that is named is all that runs; tests that are named as well run beside it."""
    own.makepyfile(test_mine="def test_mine(): pass")
    assert collected(run(own, "--submission", "net.py", "--collect-only", "-q")) == IDS
    both = collected(run(own, "--submission", "net.py", "test_mine.py", "--collect-only", "-q"))
    assert both == ["test_mine.py::test_mine", *IDS]


def test_the_configuration_names_submissions(own: pytest.Pytester) -> None:
    """`submissions` is run beside the project's own tests, and not where a file is named."""
    own.makeini("[pytest]\nsubmissions = several\nsubmission_rubric = rubric.toml")
    own.makepyfile(test_mine="def test_mine(): pass")
    everything = collected(own.runpytest_inprocess("--collect-only", "-q"))
    assert everything[0] == "test_mine.py::test_mine"
    assert [one.split("::")[0] for one in everything[1:]] == ["several/ada"] * 3 + ["several/bo"] * 3
    assert collected(own.runpytest_inprocess("--collect-only", "-q", "test_mine.py")) == ["test_mine.py::test_mine"]
    assert collected(own.runpytest_inprocess("--collect-only", "-q", "--submission", "net.py")) == IDS


def test_an_id_can_be_given_again(own: pytest.Pytester) -> None:
    """What stands after FAILED selects that criterion, and pytest does not import the file that it names."""
    (own.path / "net.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    for words, ids in (
        (("net.py::pooling",), ["net.py::pooling"]),
        (("net.py",), IDS),
        (("several/bo::built", "net.py::built"), ["net.py::built", "several/bo::built"]),
    ):
        done = run(own, "--submission", "net.py", "--submission", "several", *words, "--collect-only", "-q")
        assert collected(done) == ids
    done = run(own, "--submission", "net.py", "net.py::poling", "--collect-only", "-q")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*not found: net.py::poling"])


def test_nothing_that_was_handed_in_is_imported(own: pytest.Pytester) -> None:
    """`test_*.py` of a submission is no test, and a `conftest.py` in it is refused where pytest would run it."""
    (own.path / "several" / "test_evil.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    own.makepyfile(test_mine="def test_mine(): pass")
    done = run(own, "--submission", "several", str(own.path), "--collect-only", "-q")
    assert done.ret == 0
    assert "several/test_evil::built" in collected(done)
    assert not [one for one in collected(done) if "test_evil.py" in one]
    own.mkdir("testers").joinpath("conftest.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    (own.path / "testers" / "net.py").write_text(NET, encoding="utf-8")
    refused = own.runpytest_subprocess("--submission", "testers", "--rubric", "rubric.toml")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*testers/conftest.py lies in a submission*--noconftest."])
    assert not (own.path / "ran").exists()
    allowed = run(own, "--submission", "testers", "--noconftest", "--collect-only", "-q")
    assert collected(allowed)[0] == "testers/conftest::built"
    assert not (own.path / "ran").exists()


def test_a_configuration_that_was_handed_in_is_refused(own: pytest.Pytester) -> None:
    """Pytest looks for its configuration beside a path after an option; one of a student's could load any plugin."""
    words = ("--submission", "several", "--rubric", "rubric.toml", "--collect-only", "-q")
    (own.path / "several" / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    assert len(collected(own.runpytest_inprocess(*words))) == 6
    (own.path / "several" / "pytest.ini").write_text("[pytest]\naddopts = -v\n", encoding="utf-8")
    refused = own.runpytest_inprocess(*words)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*several/pytest.ini lies in a submission*-c FILE*"])
    (own.path / "own.ini").write_text("[pytest]\n", encoding="utf-8")
    assert len(collected(own.runpytest_inprocess(*words, "-c", "own.ini"))) == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--submission", "absent.py"), "*absent.py does not exist."),
        (("--submission", "rubric.toml"), "*rubric.toml is not a notebook*"),
        (("--submission", "net.py", "--rubric", "absent.toml"), "*absent.toml cannot be read*"),
        (("--submission", "net.py", "--submission-isolation", "D"), "*invalid choice: 'D'*"),
    ],
)
def test_a_wrong_command_is_one_line(own: pytest.Pytester, words: tuple[str, ...], said: str) -> None:
    """What is wrong with the command is said before anything runs, without a traceback, with pytest's exit code 4."""
    done = run(own, *words)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([said])
    assert "Traceback" not in str(done.stdout) + str(done.stderr)


def test_outcomes(own: pytest.Pytester) -> None:
    """A failure is what the student reads; a criterion that needs it is skipped, a mark is pending, neither fails."""
    done = run(own, "--submission", "net.py", "-ra")
    done.assert_outcomes(failed=1, skipped=2)
    done.stdout.fnmatch_lines(
        [
            "*_ The model can be built _*",
            "The model can be built: 0 of 3 points",
            "*net.py has 0 MB*",
            "→ Clear the outputs*",
            'SKIPPED *net.py:1: Not judged, because it needs this first: "The model can be built".',
            "SKIPPED *net.py:1: pending: A human *",
            "FAILED net.py::built*",
        ]
    )
    assert "Error" not in str(done.stdout)
    assert "grader/" not in str(done.stdout)


def test_last_failed(own: pytest.Pytester) -> None:
    """`--lf` runs the criteria again that failed, of every submission, also where they were given as a class."""
    words = ("--submission", "net.py", "--submission", "several")
    run(own, *words).assert_outcomes(failed=3, skipped=6)
    again = run(own, *words, "--lf")
    again.assert_outcomes(failed=3, deselected=6)


def test_a_fault_of_the_grader_is_an_error(own: pytest.Pytester) -> None:
    """A grader that fails is an error of each criterion that it owes, and no failure; marks stay pending."""
    own.makeconftest(
        """
        import pytest
        from grader.faults import GraderFault
        from grader.pytest_plugin import grading

        def broken(*_):
            raise GraderFault("The disk of the grader is on fire.")

        grading.prepare = broken
        """
    )
    done = own.runpytest_subprocess("--submission", "net.py", "--rubric", "rubric.toml", UNWALLED)
    done.assert_outcomes(errors=2, skipped=1)
    done.stdout.fnmatch_lines(["*ERROR at setup of*", "*The grader failed here; no points are lost.*"])
    assert "Traceback" not in str(done.stdout)
    assert "grading.py" not in str(done.stdout)
    told = own.runpytest_subprocess(
        "--submission", "net.py", "--rubric", "rubric.toml", UNWALLED, "--log-level=DEBUG", "-k", "built"
    )
    told.stdout.fnmatch_lines(["*grader.faults.GraderFault: The disk of the grader is on fire."])


def test_workers_see_the_same_tests(own: pytest.Pytester) -> None:
    """With xdist all criteria of a submission go to one worker, which alone captures it."""
    done = run(own, "--submission", "net.py", "--submission", "several", "-n", "2", "-v")
    done.assert_outcomes(failed=3, skipped=6)
    workers: dict[str, set[str]] = {}
    for line in (one.split() for one in done.outlines if one.startswith("[gw") and "::" in one):
        name = next(word for word in line if "::" in word).split("::")[0]
        workers.setdefault(name, set()).add(line[0])
    assert workers.keys() == {"net.py", "several/ada", "several/bo"}
    assert all(len(one) == 1 for one in workers.values())


def test_a_way_to_distribute_that_was_asked_for_stays(own: pytest.Pytester) -> None:
    """Only where nobody says how tests are spread do those of a file, or submission, stay together."""
    submission = ("--rubric", "rubric.toml", "--submission", "net.py")
    for words, dist in (
        ((*submission, "-n", "2"), "loadfile"),
        ((*submission, "-n", "2", "--dist", "loadscope"), "loadscope"),
        (("-n", "2"), "no"),
    ):
        config = own.parseconfig(*words)
        pytest_plugin.pytest_cmdline_main(config)
        assert config.option.dist == dist


def test_submissions_are_groups(own: pytest.Pytester) -> None:
    """Criteria of a submission and tests that ask for its layers carry one group, for `--dist loadgroup`."""
    own.makepyfile(test_mine="def test_mine(layers): pass")
    items = own.inline_genitems("--rubric", "rubric.toml", "--submission", "net.py", "test_mine.py")[0]
    assert len(items) == 4
    marks = [mark.args for one in items for mark in one.iter_markers("xdist_group")]
    assert marks == [("net.py",)] * 4


def folder(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"main.py": "from blocks import Block\n", "blocks.py": "", "README.md": "x"}, ["f"]),
        ({"main.ipynb": '"    import blocks\\n",\n', "blocks.py": ""}, ["f"]),
        ({"net.ipynb": "{}", "explanation.pdf": "x"}, ["f"]),
        ({"ada.py": "import torch\n", "bo.py": "import torch\n"}, ["f/ada", "f/bo"]),
        ({"ada.py": "import model\n", "model.py": "", "cy.py": ""}, ["f/ada", "f/cy", "f/model"]),
    ],
)
def test_a_folder_is_a_program_or_a_class(tmp_path: Path, files: dict[str, str], names: list[str]) -> None:
    """Files that import one another, or one file with documents, are one submission; any others are a class."""
    from grader.pytest_plugin.handed import handed_in

    found = handed_in([folder(tmp_path / "f", files)], tmp_path)
    assert [one.name for one in found] == names


def test_names_of_strangers_do_not_act(tmp_path: Path) -> None:
    """A file's name cannot end its part of an id, hide in it, or be split by xdist."""
    from grader.pytest_plugin.handed import handed_in

    strange = folder(tmp_path / "f", {"a::b[@x]\x1b[2J.py": "", "c.py": ""})
    [one, _] = handed_in([strange], tmp_path)
    assert one.name == "f/a:b[@x]\\x1b[2J".replace("\\", "/")
    assert not set(one.group) & set("@[]")
