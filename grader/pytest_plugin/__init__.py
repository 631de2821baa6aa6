"""The plugin that pytest loads wherever the grader is installed: options, rubric files, fixtures.

It imports pytest and the standard library until a submission or a rubric is really given, so that no other project's
tests start later. What goes on then is in the modules beside this one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.pytest_plugin.asked import absolute, asked, foreign_file
from grader.pytest_plugin.fixtures import graded_submission, layers, model_graph, trained
from grader.pytest_plugin.rubrics import rubric_file

if TYPE_CHECKING:
    from grader.pytest_plugin.running import Running

__all__ = ["graded_submission", "layers", "model_graph", "trained"]

RUNNING = "cnn-grader-submissions"
"""The name of the plugin that is there while submissions are graded."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the keys of the configuration file."""
    group = parser.getgroup("cnn-grader", "grade networks (cnn-grader)")
    group.addoption(
        "--submission",
        action="append",
        default=[],
        metavar="PATH",
        help="grade a notebook, a module, a folder or a zip: one test for each criterion; may be given several times",
    )
    group.addoption("--rubric", metavar="FILE", help="the rubric of --submission; left out: the course's own")
    group.addoption(
        "--submission-train", action="store_true", help="train each network under the rubric's recipe and score it"
    )
    group.addoption(
        "--submission-isolation",
        default="auto",
        choices=("auto", "none", "A", "B", "C"),
        help="walls for submissions: the best that hold here (auto), none, or a rung that has to hold",
    )
    parser.addini("submissions", "submissions to grade where no file is named, as --submission takes them", "paths")
    parser.addini("submission_rubric", "the rubric of these, seen from this file; --rubric goes before it")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Refuse to start where pytest would obey a file that was handed in."""
    found = foreign_file(early_config)
    if found is not None:
        way = "with --noconftest" if found.name == "conftest.py" else "with a configuration of your own (-c FILE)"
        raise pytest.UsageError(
            f"{found} lies in a submission, and pytest would obey it, outside of any walls. Start pytest from another "
            f"folder, or {way}."
        )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Make paths absolute for the workers of xdist, and keep a submission's criteria on one of them."""
    option = config.option
    option.submission = [str(absolute(config, one)) for one in option.submission]
    option.rubric = option.rubric and str(absolute(config, option.rubric))
    spreads = getattr(option, "numprocesses", None) and option.dist == "no" and not option.distload
    if spreads and asked(config) is not None:
        option.dist = "loadfile"


def pytest_configure(config: pytest.Config) -> None:
    """Read rubric and submissions where some are given; nothing is captured yet.

    Raises:
        UsageError: the rubric is wrong, or there is nothing to grade.
    """
    wanted = asked(config)
    if wanted is None:
        return
    from grader.pytest_plugin.running import Running

    config.pluginmanager.register(Running(config, wanted), RUNNING)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a rubric that was named, or that lies in a folder `rubrics` that was named."""
    return rubric_file(file_path, parent) if file_path.suffix == ".toml" else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a network once for each submission."""
    if "graded_submission" not in metafunc.fixturenames:
        return
    running: Running | None = metafunc.config.pluginmanager.get_plugin(RUNNING)
    if running is not None:
        running.parametrise(metafunc, trains="trained" in metafunc.fixturenames)
