"""Reading: any notebook, any folder, any bytes become cells of Python, line for line, or a reported problem."""

from __future__ import annotations

import ast
import json
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.source.entry import Hints, plans, why_nothing
from grader.source.reading.notebook import Cell, ReadLimits, Source, read_submission

LIMITS = ReadLimits()


def notebook(*cells: str, notes: tuple[str, ...] = ()) -> bytes:
    """Return a notebook of the current version with code cells and Markdown behind them."""
    made = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    made.cells += [nbformat.v4.new_markdown_cell(note) for note in notes]  # type: ignore[no-untyped-call]
    return str(nbformat.writes(made)).encode()  # type: ignore[no-untyped-call]


def read(*cells: str) -> Source:
    """Read a notebook made of cells."""
    return read_submission({"net.ipynb": notebook(*cells)}, LIMITS)


def raw(value: Any) -> Source:
    """Read any JSON as a notebook."""
    return read_submission({"net.ipynb": json.dumps(value).encode()}, LIMITS)


def kinds(source: Source) -> list[str]:
    """Return the kinds of problems."""
    return [problem.kind for problem in source.problems]


def test_cells_are_numbered_in_file_order() -> None:
    """Code cells count from 1, empty ones included; Markdown does not count and is kept."""
    source = read_submission({"net.ipynb": notebook("a = 1", "", "b = 2", notes=("# Title",))}, LIMITS)
    assert source.cells == (Cell("net.ipynb", 1, "a = 1"), Cell("net.ipynb", 2, ""), Cell("net.ipynb", 3, "b = 2"))
    assert source.notes == ("# Title",)
    assert source.problems == ()


def test_version_3_is_upgraded() -> None:
    """A notebook of 2014 has worksheets and inputs."""
    cells = [
        {"cell_type": "heading", "level": 1, "source": ["Title"]},
        {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "outputs": [{"x": 1}], "prompt_number": 3},
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "input": "c = 3"},
        "nonsense",
    ]
    source = raw({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}, 5]})
    assert [cell.text for cell in source.cells] == ["a = 1\nb = 2", "c = 3"]
    assert source.notes == ("# Title", "text")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([{"cell_type": "code", "source": ["a = 1\n", "b = 2"]}], ["a = 1\nb = 2"]),
        ([{"cell_type": "code", "source": "a = 1"}], ["a = 1"]),
        ([{"source": "a = 1"}], ["a = 1"]),
        ([{"cell_type": "code"}], [""]),
        ([{"cell_type": "code", "source": None}, {"cell_type": "code", "source": [1, "a = 1"]}], ["", "a = 1"]),
        ([{"cell_type": "raw", "source": "no python"}, 7, None, []], []),
        ([{"cell_type": 3, "source": "x"}], []),
    ],
)
def test_missing_keys_are_forgiven(cells: list[Any], expected: list[str]) -> None:
    """A notebook without version, metadata, outputs or types of cells is still one."""
    assert [cell.text for cell in raw({"cells": cells}).cells] == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'{"cells": 3}',
        b"{}",
        b'{"worksheets": 3}',
        b"\xff\xfe",
        b"\x00" * 100,
        b"[" * 100000,
        b'{"a":' * 100000,
        b'{"nbformat": ' + b"9" * 5000 + b"}",
        b'"\\ud800"',
        b"NaN",
    ],
)
def test_what_is_no_notebook_is_reported(content: bytes) -> None:
    """Broken, deep or strange JSON is a problem with one sentence, never an exception."""
    source = read_submission({"net.ipynb": content}, LIMITS)
    assert source.cells == ()
    assert kinds(source) in (["not-a-notebook"], ["cut-off"])
    assert why_nothing(source).kind == ("CutOff" if kinds(source) == ["cut-off"] else "NoModel")


def test_web_page_is_recognised() -> None:
    """A page that was saved in place of the notebook is called that."""
    source = read_submission({"net.ipynb": b"<!doctype html><html>Sign in</html>"}, LIMITS)
    assert source.problems[0].message == "net.ipynb is a web page."


def test_other_language_is_reported() -> None:
    """A notebook in R says so itself."""
    source = raw({"cells": [], "metadata": {"kernelspec": {"language": "R"}}})
    assert kinds(source) == ["other-language"]


def test_huge_number_in_a_notebook_is_no_matter() -> None:
    """Python's int refuses 5,000 digits; an output may hold them."""
    content = b'{"cells": [{"cell_type": "code", "source": "a = 1", "outputs": [' + b"9" * 5_000 + b"]}]}"
    assert [cell.text for cell in read_submission({"net.ipynb": content}, LIMITS).cells] == ["a = 1"]


def test_megabytes_of_outputs_are_dropped() -> None:
    """17 MB of pictures in outputs and attachments leave nothing behind."""
    cell = {"cell_type": "code", "source": "a = 1", "outputs": [{"data": {"image/png": "A" * 17_000_000}}]}
    note = {"cell_type": "markdown", "source": f"![x](data:image/png;base64,{'A' * 5_000})", "attachments": {"a": "b"}}
    source = raw({"cells": [cell, note]})
    assert source.cells == (Cell("net.ipynb", 1, "a = 1"),)
    assert source.notes == ("![x](data:,)",)


TRANSFORMED = {
    "!pip install torch\nx = 1": "pass\nx = 1",
    "!pip install torch \\\n    torchvision \\\n    torchinfo\nx = 1": "pass\n\n\nx = 1",
    "\n\n!ls\n\nx = 1": "\n\npass\n\nx = 1",
    "%matplotlib inline\n%load_ext autoreload\nx = 1": "pass\npass\nx = 1",
    "?print\nx = 1": "pass\nx = 1",
    "print?\nx = 1": "pass\nx = 1",
    "x.y??": "pass",
    "files = !ls\nx = 1": "files = []\nx = 1",
    "here = %pwd\nx = 1": "here = []\nx = 1",
    "%cd /content/drive/My Drive\nx = 1": "pass\nx = 1",
    "%%time\nx = 1\ny = 2": "\nx = 1\ny = 2",
    "%%capture out\n%%time\nx = 1": "\n\nx = 1",
    "\n%%time\n\nx = 1": "\n\n\nx = 1",
    "%time net = Net()\nx = 1": "net = Net()\nx = 1",
    "y = %time Net()\nx = 1": "y = Net()\nx = 1",
    "%run layers.py\nx = 1": "from layers import *\nx = 1",
    "%%bash\nls -l": "",
    "%%html\n<b>": "",
    "%%timeit\nx = 1": "",
    "pip install torchinfo": "",
    "# install\n!pip install torchinfo": "# install\npass",
    "for i in range(3):\n    !echo {i}\n    x = i": "for i in range(3):\n    pass\n    x = i",
    "try:\n    import a\nexcept ImportError:\n    !pip install \\\n        a\n    import a": (
        "try:\n    import a\nexcept ImportError:\n    pass\n\n    import a"
    ),
    "  a = 1\n  b = 2": "a = 1\nb = 2",
    '  a = 1\n"""\ntext\n"""\n  b = 2': 'a = 1\n"""\ntext\n"""\nb = 2',
    ">>> a = 1\n>>> for b in a:\n...     c = b": "a = 1\nfor b in a:\n    c = b",
    "In [1]: a = 1\n   ...: b = 2": "a = 1\nb = 2",
    'x = """\n%cd\n!ls\n"""\n!ls\ny = 1': 'x = """\n%cd\n!ls\n"""\npass\ny = 1',
    "x = (10\n     %3)\ny = 1": "x = (10\n     %3)\ny = 1",
    "if x:\n    get_ipython().run_line_magic('matplotlib', 'inline')\ny = 1": "if x:\n    pass\ny = 1",
    "s = 'a\u2028b\x0c'\n!ls\ny = 1": "s = 'a\u2028b\x0c'\npass\ny = 1",
    "a = 1\r\n!ls\r\nb = 2\rc = 3": "a = 1\npass\nb = 2\nc = 3",
}


@pytest.mark.parametrize("text", TRANSFORMED)
def test_magics_become_python_line_for_line(text: str) -> None:
    """IPython's own syntax becomes harmless Python, and every line stays where it was."""
    source = read(text)
    assert source.problems == ()
    expected = TRANSFORMED[text]
    assert (source.cells[0].text if source.cells else "") == expected
    if expected:
        assert expected.count("\n") == text.replace("\r\n", "\n").count("\n") + text.replace("\r\n", "\n").count("\r")


def test_statements_keep_their_lines() -> None:
    """The line of a statement behind magics of every sort is the line in the student's cell."""
    text = "\n%%capture\n!pip install \\\n  torch\n\n?x\nfiles = !ls \\\n  -l\n%matplotlib inline\ndef f():\n    !ls\n    return 1\nlast = 1"
    (cell,) = read(text).cells
    tree = ast.parse(cell.text)
    assert tree.body[-1].lineno == text.count("\n") + 1
    assert tree.body[-2].lineno == text.split("\n").index("def f():") + 1


def test_cell_that_writes_a_module_is_one() -> None:
    """`%%writefile net.py` makes `net` importable, and its lines are those of the cell."""
    source = read(
        "%%writefile net.py\nclass Net:\n    pass",
        "%%writefile -a net.py\nx = 1",
        "%%writefile notes.txt\nhello",
        "import net",
    )
    assert [cell.number for cell in source.cells] == [4]
    first, second = source.modules["net"]
    assert (first.file, first.number, first.text) == ("net.ipynb", 1, "\nclass Net:\n    pass")
    assert second.text == "\nx = 1"


def test_cell_that_does_not_parse_is_skipped() -> None:
    """Other cells are used; the problem names cell, line and the class that is lost with it."""
    source = read("a = 1", "class Net:\n    def f(self:\n        pass", "x = = 2", "b = 2")
    assert [cell.number for cell in source.cells] == [1, 4]
    assert [(problem.cell, problem.kind) for problem in source.problems] == [
        (2, "does-not-parse"),
        (3, "does-not-parse"),
    ]
    assert source.problems[0].line == 2
    assert source.problems[0].message.startswith("cell 2, which defines class Net, does not parse: ")


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\x00",
        "-" * 200000 + "1",
        "+".join(["1"] * 100000),
        "a" + ".b" * 100000,
        "(" * 100000,
        "return 3",
        "x = '" + "\\" * 99999,
        "def f():\n\tx\n      y",
        "f'{" * 500,
        "nonlocal x",
        "� = 1",
        "!" * 5000,
        "%%" * 5000,
    ],
)
def test_text_that_breaks_a_parser_is_reported(text: str) -> None:
    """Whatever Python's parser does with a text, the next cell is read."""
    content = json.dumps({"cells": [{"cell_type": "code", "source": text}, {"cell_type": "code", "source": "a = 1"}]})
    source = read_submission({"net.ipynb": content.encode()}, LIMITS)
    assert source.cells[-1].text == "a = 1"
    assert len(source.cells) + len(source.problems) <= 2
    json.dumps([problem.message for problem in source.problems]).encode()


MENDED = {
    "print; print 'x'": "print(); print('x')",
    "print 'a', b  # both": "print('a', b)  # both",
    "print 'a',\nx = 1": "print('a', end=\" \")\nx = 1",
    "print >>out, 'a' % 1; print 'x'": "print('a' % 1, file=out); print('x')",
    "print >>out\nprint 'x'": "print(file=out)\nprint('x')",
    "print ('%d') % 3; print 'x'": "print(('%d') % 3); print('x')",
    "print('a', 1)\nprint 'b'": "print('a', 1)\nprint('b')",
    "print = log\nprint 'b'": "print = log\nprint('b')",
    "if x: print 'a'\nelse: print 'b'": "if x: print('a')\nelse: print('b')",
    "if f(lambda y: y): print y": "if f(lambda y: y): print(y)",
    "if lambda y: y: print y": "if lambda y: y: print(y)",
    "print {1: 2}[1], '''a\nb'''\ny = 1": "print({1: 2}[1], '''a\nb''')\ny = 1",
    "print 'a', \\\n    'b'\ny = 1": "print('a', \\\n    'b')\ny = 1",
    "s = \"print 'a'\"; exec code in space": "s = \"print 'a'\"; exec(code, space)",
    "exec 'a = 1'": "exec('a = 1')",
    "raise ValueError, 'bad, ' + str(1)": "raise ValueError('bad, ' + str(1))",
    "raise ValueError, f(1, 2), trace": "raise ValueError(f(1, 2))",
    "try: x\nexcept (A, B), e: pass": "try: x\nexcept (A, B) as e: pass",
    "x = [0777, 10L, 0xFFl, 0, 1e-3]\nprint x": "x = [0o777, 10, 0xFF, 0, 1e-3]\nprint(x)",
    "if a <> b and ur'c': print `a + b`": "if a != b and r'c': print(repr(a + b))",
    "for i in xrange(3): f(x.iteritems(), unicode=1)": "for i in range(3): f(x.items(), unicode=1)",
    "y\u00a0= 1\u200b\ns = '\u00a0'": "y = 1\ns = '\u00a0'",
    "# here\n  y = 1\n  z = 2": "# here\ny = 1\nz = 2",
    "if x:\n        y = 1\n\tz = 2": "if x:\n        y = 1\n        z = 2",
    "if x:\n    y = 1\n\tz = 2": "if x:\n    y = 1\n    z = 2",
    "x = 1\nf(1\ny = 2": "x = 1\n\ny = 2",
    "x = [\n1,\n]\ny = = 2\n@f\ndef g():\n  pass": "x = [\n1,\n]\n\n@f\ndef g():\n  pass",
    "y = = 2\nif x:\n  pass\n# so\nelse:\n  z": "\nif x:\n  pass\n# so\nelse:\n  z",
    's = """\na b c\n"""\nd e f': 's = """\na b c\n"""\n',
    "def f():\n    # TODO\nx = 1": "\n\nx = 1",
}


@pytest.mark.parametrize("text", MENDED)
def test_what_python_refuses_is_read_line_for_line(text: str) -> None:
    """Python 2, wrong spaces and lost statements are mended, every line stays where it was, and it is said."""
    source = read(text)
    assert source.cells[0].text == MENDED[text]
    assert source.cells[0].text.count("\n") == text.count("\n")
    assert len(source.problems) == 1


def test_what_is_mended_is_said_once() -> None:
    """A notebook in Python 2 gets one sentence, not one for each cell, and so does one that its kernel calls that."""
    source = read("print 'a'", "x = 1", "print 'b'")
    assert [problem.message for problem in source.problems] == [
        "net.ipynb, cell 1 and 1 more, is written in Python 2 and was read as Python 3. Python 3 has `print(x)` for `print x`."
    ]
    old = raw(
        {
            "cells": [{"cell_type": "code", "source": "print ('%d') % 3"}],
            "metadata": {"kernelspec": {"name": "python2"}},
        }
    )
    assert [cell.text for cell in old.cells] == ["print(('%d') % 3)"]
    assert kinds(old) == ["python-2"]
    assert read("print ('%d') % 3").cells[0].text == "print ('%d') % 3"


def test_names_of_python_2_that_the_notebook_binds_are_its_own() -> None:
    """`from six.moves import xrange` or `unicode = str` in any cell leaves the name alone."""
    for binding in ("from six.moves import xrange", "xrange = range", "def xrange(n): return [n]"):
        source = read(binding, "y = xrange(3)")
        assert source.cells[1].text == "y = xrange(3)"
        assert source.problems == ()


def test_foreign_code_is_no_python() -> None:
    """`net <- layer(3)` of R is Python as well: in a notebook in R only cells around a network of ours are read."""
    cells = [{"cell_type": "code", "source": "net <- layer(3)"}, {"cell_type": "markdown", "source": "text"}]
    source = raw({"cells": cells, "metadata": {"kernelspec": {"name": "ir"}}})
    assert (source.cells, source.notes, kinds(source)) == ((), ("text",), ["other-language"])


def test_module_is_read_in_any_encoding() -> None:
    """Byte-order marks, UTF-16, Latin-1 and lines ended by Windows are no obstacle."""
    for content in (b"\xef\xbb\xbfx = 1\r\ny = 2", "x = 1\ny = 2".encode("utf-16"), b"x = 1\ny = 2"):
        assert [cell.text for cell in read_submission({"a.py": content}, LIMITS).cells] == ["x = 1\ny = 2"]
    assert read_submission({"a.py": b"# caf\xe9\nx = 1"}, LIMITS).problems == ()


def test_module_from_colab_may_hold_magics() -> None:
    """Colab's download as .py leaves `!pip install` in the text."""
    source = read_submission({"a.py": b"!pip install torchinfo\nx = 1"}, LIMITS)
    assert source.cells == (Cell("a.py", None, "pass\nx = 1"),)


MODEL = b"import torch.nn as nn\nclass Net(nn.Module): pass\n"


@pytest.mark.parametrize(
    ("files", "main"),
    [
        ({"a.ipynb": notebook("x = 1"), "net.py": MODEL}, "net.py"),
        ({"a.ipynb": notebook("from net import Net"), "net.py": MODEL}, "a.ipynb"),
        ({"net.py": MODEL, "train.py": b"from net import Net\nmodel = Net()"}, "train.py"),
        ({"net.py": MODEL, "helpers.py": b"def f(): pass"}, "net.py"),
        ({"zz.py": MODEL, "model.py": MODEL}, "model.py"),
        ({"src/net.py": MODEL, "src/train.py": b"from net import Net\nmodel = Net()"}, "src/train.py"),
        ({"pkg/__init__.py": b"", "pkg/net.py": MODEL, "run.py": b"from pkg.net import Net"}, "run.py"),
        ({"a.ipynb": notebook("x = 1"), "b.ipynb": notebook(MODEL.decode())}, "b.ipynb"),
        ({"__MACOSX/._a.py": b"\x00", ".ipynb_checkpoints/a.ipynb": notebook(""), "a.ipynb": notebook("x")}, "a.ipynb"),
    ],
)
def test_main_program_of_a_folder(files: dict[str, bytes], main: str) -> None:
    """The notebook, else the module that nobody imports and that has to do with a model."""
    source = read_submission(files, LIMITS)
    assert {cell.file for cell in source.cells} == {main}
    assert "several-mains" not in kinds(source)


def test_tie_between_main_programs_is_reported() -> None:
    """Two notebooks with a model: the first by name is taken, and the other is named."""
    source = read_submission({"b.ipynb": notebook(MODEL.decode()), "a.ipynb": notebook(MODEL.decode())}, LIMITS)
    assert {cell.file for cell in source.cells} == {"a.ipynb"}
    assert kinds(source) == ["several-mains"]
    assert "b.ipynb" in source.problems[0].message


def test_modules_have_the_names_that_are_imported() -> None:
    """A file beside the main program is importable by its own name, a package by its dotted one."""
    files = {
        "src/net.py": MODEL,
        "src/pkg/__init__.py": b"",
        "src/pkg/layers.py": MODEL,
        "src/train.py": b"import net\nx = net.Net()",
    }
    source = read_submission({**files, "readme.md": b"#", "data.csv": b"1"}, LIMITS)
    assert {"net", "src.net", "pkg", "pkg.layers"} <= set(source.modules)
    assert source.cells[0].file == "src/train.py"


def test_nothing_to_read_is_reported() -> None:
    """A folder without Python has no cells and one problem."""
    assert kinds(read_submission({"report.pdf": b"%PDF"}, LIMITS)) == ["nothing-to-read"]
    assert kinds(read_submission({}, LIMITS)) == ["nothing-to-read"]


def test_limits_are_kept_and_said() -> None:
    """What is beyond a limit is left out and reported."""
    small = ReadLimits(file_bytes=4_000, code_characters=30, note_characters=5, cells=3, files=2)
    long = read_submission({"a.ipynb": notebook("x = 1", "y = " + "1" * 30, "z = 1")}, small)
    assert [cell.number for cell in long.cells] == [1]
    assert kinds(long) == ["too-large"]
    many = read_submission({"a.ipynb": notebook(*["x = 1"] * 5)}, small)
    assert len(many.cells) == 3
    assert kinds(many) == ["too-large"]
    assert kinds(read_submission({"a.py": b"#" * 5_000}, small)) == ["too-large"]
    assert "several-files" in kinds(read_submission({"a.py": b"", "b.py": b"", "c.py": b""}, small))
    assert read_submission({"a.ipynb": notebook(notes=("0123456789",))}, small).notes == ("01234",)


BASE = json.loads(
    notebook(
        "import torch.nn as nn\n!pip install x",
        "class Net(nn.Module):\n    def __init__(self, k):\n        super().__init__()\n        self.c = nn.Conv2d(3, k, 3)",
        "%%time\nfor x in loader:\n    loss.backward()\n    model.best = 1",
        "model = Net(len(train.classes))\nmodel = train_model(model)",
        notes=("# About",),
    )
)
SNIPPETS = st.sampled_from(
    [
        "",
        "\n",
        "%%",
        "!",
        "?",
        "\0",
        "class ",
        "def f(",
        "model",
        " = ",
        "(",
        ")",
        "\\",
        '"""',
        "\ud800",
        ":",
        "\t",
        "lambda: ",
    ]
)


def mutated(data: st.DataObject, text: str) -> str:
    """Put something in the place of a few characters."""
    start = data.draw(st.integers(0, len(text)))
    return text[:start] + data.draw(SNIPPETS) + text[start + data.draw(st.integers(0, 12)) :]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mutated_notebooks_never_raise(data: st.DataObject) -> None:
    """Whatever is cut out of a notebook or put into it, reading gives a Source and planning gives plans."""
    changed = json.loads(json.dumps(BASE))
    cells = changed["cells"]
    for _ in range(data.draw(st.integers(1, 4))):
        cell = cells[data.draw(st.integers(0, len(cells) - 1))]
        cell["source"] = mutated(data, "".join(cell["source"]))
    text = json.dumps(changed)
    if data.draw(st.booleans()):
        text = mutated(data, text)
    source = read_submission({"net.ipynb": text.encode("utf-8", "replace")}, LIMITS)
    assert isinstance(source, Source)
    assert plans(source, None, Hints()) or why_nothing(source)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.ipynb"]))
def test_any_bytes_never_raise(content: bytes, name: str) -> None:
    """Bytes that mean nothing are read like everything else."""
    source = read_submission({name: content}, LIMITS)
    assert plans(source, None, Hints()) or why_nothing(source)
