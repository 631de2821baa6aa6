"""`from grader import check` costs nothing until it is called, and is a function whatever was imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import grader

HEAVY = ("torch", "IPython", "rich", "pydantic", "numpy")


@pytest.mark.parametrize("statement", ["import grader", "from grader import check"])
def test_import_is_light(statement: str) -> None:
    """Importing the package brings none of the heavy packages."""
    code = f"import sys\n{statement}\nprint([one for one in {HEAVY!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_notebook_needs_no_torch_and_no_ipython() -> None:
    """The code of `check()` imports neither; without a kernel it refuses in one line, and says what to write."""
    code = (
        "import sys\nfrom grader import check\nfrom grader.notebook import Refused\ntry:\n    check()\n"
        "except Refused as refused:\n    print(refused)\nprint('torch' in sys.modules, 'IPython' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "check() found no notebook. Name a file: check('notebook.ipynb').",
        "False False",
    ]


def test_check_is_a_function_beside_the_commands() -> None:
    """No module of the package is called `check`, so that importing one never takes the function's place."""
    import grader.checking
    import grader.cli

    assert grader.cli.app is not None
    assert grader.checking.checked is not None
    assert callable(grader.check)


def test_a_path_is_checked() -> None:
    """`check("file.py")` gives the report of that file, and its text is what the terminal shows."""
    found = grader.check("submissions/no_pooling.py")
    assert found.report.model is not None
    assert found.report.model.name == "StrideNet"
    assert repr(found).startswith("✗ no_pooling: 1 of 12 checks failed.")
    assert found.points == found.report.points
