"""`grader data make`, `split` and `inspect`: what is written, what is printed, and the exit codes."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from grader import datasets
from grader.cli_data import data
from grader.criteria import DEFINITIONS
from grader.data import loaders, patterns
from grader.data.pictures import PictureSet, Split
from grader.data_commands import InspectOptions, SplitOptions, run_inspect, run_make, run_split
from grader.faults import DataFault
from grader.folders import CACHE_VARIABLE
from grader.report.contact_sheet import contact_sheet
from grader.rubric import Rubric, parse
from tests.data import makers


def console() -> Console:
    return Console(file=io.StringIO(), width=100)


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return plain


@pytest.fixture(name="made")
def made_pictures(tmp_path: Path) -> Path:
    """Write sixty generated pictures."""
    assert run_make(tmp_path / "made", 60, 5, console()) == 0
    return tmp_path / "made"


def test_make_writes_what_patterns_generates(made: Path) -> None:
    """The pictures come back through the loader to the bit."""
    found = loaders.load(made, (3, 32, 32))
    assert isinstance(found, PictureSet)
    assert found.content_hash() == patterns.generate(60, 5).content_hash()
    assert (made / "y.csv").read_bytes().startswith(b"index,label\n1,")


def test_make_again_changes_nothing_and_overwrites_nothing(made: Path) -> None:
    """The same command is content; another seed, or a stranger's file, is refused and everything stays."""
    before = content(made)
    run_make(made, 60, 5, console())
    with pytest.raises(DataFault, match="is there already and holds something else"):
        run_make(made, 60, 6, console())
    (made / "notes.txt").write_text("mine")
    with pytest.raises(DataFault, match="holds something else"):
        run_make(made, 60, 5, console())
    assert content(made) == {**before, "notes.txt": b"mine"}
    assert [path.name for path in made.parent.iterdir()] == ["made"]


@pytest.mark.parametrize("as_npz", [False, True])
def test_a_split_is_the_same_bytes_again(made: Path, tmp_path: Path, as_npz: bool) -> None:
    """The same seed writes the same files, elsewhere or in place; another seed deals others."""
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for out in (first, second, first):
        run_split(SplitOptions(made, out, 0.3, seed=7, as_npz=as_npz), console())
    run_split(SplitOptions(made, other, 0.3, seed=8, as_npz=as_npz), console())
    assert content(first) == content(second)
    assert content(first) != content(other)
    found = loaders.load(first, (3, 32, 32))
    assert isinstance(found, Split)
    assert (len(found.train), len(found.held_out)) == (40, 20)
    assert found.train.classes == patterns.CLASSES
    every = {image.tobytes() for side in (found.train, found.held_out) for image in side.images}
    assert every == {image.tobytes() for image in patterns.generate(60, 5).images}


def test_the_manifest_holds_every_picture(made: Path, tmp_path: Path) -> None:
    """Hashes of the decoded pixels on both sides, where each came from, and hashes of all files."""
    run_split(SplitOptions(made, tmp_path / "out"), console())
    plain = manifest(tmp_path / "out")
    assert (plain["version"], plain["source"], plain["seed"], plain["held_out_share"]) == (1, "made", 1, 0.2)
    assert (len(plain["train"]), len(plain["held_out"])) == (50, 10)
    for entry in plain["train"] + plain["held_out"]:
        written, source = tmp_path / "out" / entry["picture"], made / entry["from"]
        for path in (written, source):
            pixels = np.asarray(Image.open(path)).transpose(2, 0, 1).tobytes()
            assert hashlib.sha256(pixels).hexdigest() == entry["sha256"]
    for name, digest in plain["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    assert set(plain["files"]) == set(content(tmp_path / "out")) - {"manifest.json"}
    hashes = [{entry["sha256"] for entry in plain[side]} for side in ("train", "held_out")]
    assert not hashes[0] & hashes[1]


def test_copies_are_split_together_or_refused(made: Path, tmp_path: Path) -> None:
    """A copy goes where its picture goes; under another label both names are said and nothing is written."""
    rows = (made / "y.csv").read_text().splitlines()
    for number in range(61, 91):
        Image.open(made / f"{number - 60}.png").save(made / f"{number}.png", compress_level=1)
        rows.append(f"{number},{rows[number - 60].split(',')[1]}")
    (made / "y.csv").write_text("\n".join(rows))
    run_split(SplitOptions(made, tmp_path / "out", 0.4), console())
    plain = manifest(tmp_path / "out")
    assert len(plain["train"]) + len(plain["held_out"]) == 90
    hashes = [{entry["sha256"] for entry in plain[side]} for side in ("train", "held_out")]
    assert not hashes[0] & hashes[1]
    own = rows[1].split(",")[1]
    rows[61] = "61," + next(name for name in patterns.CLASSES if name != own)
    (made / "y.csv").write_text("\n".join(rows))
    with pytest.raises(DataFault, match="same picture under two labels") as caught:
        run_split(SplitOptions(made, tmp_path / "other"), console())
    assert f"{made / '1.png'} ({own})" in caught.value.what
    assert not (tmp_path / "other").exists()


def test_a_source_with_its_own_test_set(tmp_path: Path) -> None:
    """MNIST's own sides stay; a share is refused; a picture on both sides is refused until it is dropped."""
    (tmp_path / "mnist").mkdir()
    makers.mnist(tmp_path / "mnist")
    run_split(SplitOptions(tmp_path / "mnist", tmp_path / "out"), console())
    assert manifest(tmp_path / "out")["held_out_share"] is None
    assert manifest(tmp_path / "out")["held_out"][3]["from"] == "picture 4"
    with pytest.raises(DataFault, match="brings its own held-out pictures, 10 of them"):
        run_split(SplitOptions(tmp_path / "mnist", tmp_path / "share", 0.2), console())
    pictures = makers.noise(30, 28, 28, seed=1)
    pictures[4] = makers.noise(10, 28, 28, seed=2)[7]
    makers.write_idx(tmp_path / "mnist" / "train-images-idx3-ubyte", pictures)
    with pytest.raises(DataFault, match="1 held-out pictures are also") as caught:
        run_split(SplitOptions(tmp_path / "mnist", tmp_path / "leak"), console())
    assert "train-images-idx3-ubyte, picture 5 =" in caught.value.what
    assert "t10k-images-idx3-ubyte, picture 8" in caught.value.what
    run_split(SplitOptions(tmp_path / "mnist", tmp_path / "dropped", drop_shared=True), console())
    assert len(manifest(tmp_path / "dropped")["train"]) == 29


def test_inspect_says_what_it_found(made: Path, tmp_path: Path) -> None:
    """Counts, balance and the sheet; one problem makes the exit code 1."""
    out = console()
    assert run_inspect(InspectOptions(made, tmp_path / "sheet.png"), out) == 0
    for part in ("60 pictures", "32×32 (60)", "zigzag", "10.0%", "Nothing here spoils grading"):
        assert part in printed(out)
    (made / "61.png").write_bytes((made / "1.png").read_bytes())
    out = console()
    assert run_inspect(InspectOptions(made, None, as_json=True), out) == 1
    plain = json.loads(printed(out))
    assert plain["version"] == 1
    assert plain["counts"]["problems"] == len(plain["problems"]) == 1
    assert "61.png has no row in" in plain["problems"][0]
    assert plain["duplicates"] == [[str(made / "1.png"), str(made / "61.png")]]


def test_names_from_strangers_are_inert(tmp_path: Path) -> None:
    """A class may be called an escape sequence; the terminal shows it instead of doing it."""
    makers.write_folders(tmp_path / "in", makers.noise(4, 8, 8, 3), ["\x1b[2J", "[red]cat"] * 2)
    out = console()
    run_inspect(InspectOptions(tmp_path / "in", tmp_path / "sheet.png"), out)
    assert "\x1b" not in printed(out)
    assert "\\x1b[2J" in printed(out)
    assert "[red]cat" in printed(out)


def test_the_contact_sheet_has_a_row_for_each_class(tmp_path: Path) -> None:
    """Examples are enlarged by whole pixels and stand in the row of their class; names and odd sizes do no harm."""
    red, tall = np.zeros((8, 8, 3), dtype=np.uint8), np.full((200, 3, 3), 90, dtype=np.uint8)
    red[..., 0] = 255
    examples = {"red": [red, red], "tall \u86d9 " * 20: [tall], "none": []}
    contact_sheet(examples, dict.fromkeys(examples, 1), "title", tmp_path / "new" / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "new" / "sheet.png").convert("RGB"))
    is_red = np.all(sheet == (255, 0, 0), axis=2)
    assert is_red.sum() == 2 * 64 * 64
    rows = np.flatnonzero(is_red.any(axis=1))
    assert len(rows) == rows[-1] - rows[0] + 1 == 64
    is_tall = np.flatnonzero(np.all(sheet == 90, axis=2).any(axis=1))
    assert is_tall[0] > rows[-1]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFault, match="cannot be written"):
        contact_sheet(examples, dict.fromkeys(examples, 1), "title", tmp_path / "file" / "sheet.png")


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of the command line reach the functions, and exit codes come back."""
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    assert run.invoke(data, ["make", "--out", "a", "--count", "40", "--seed", "2"]).exit_code == 0
    assert (
        run.invoke(data, ["split", "a", "--out", "b", "--held-out", "0.5", "--seed", "3", "--as", "npz"]).exit_code == 0
    )
    assert (manifest(tmp_path / "b")["held_out_share"], manifest(tmp_path / "b")["seed"]) == (0.5, 3)
    found = run.invoke(data, ["inspect", "a", "--json"])
    assert found.exit_code == 0
    assert json.loads(found.stdout)["sheet"] == "contact_sheet.png"
    assert (tmp_path / "contact_sheet.png").is_file()
    (tmp_path / "a" / "1.png").unlink()
    assert run.invoke(data, ["inspect", "a", "--no-sheet"]).exit_code == 1
    assert isinstance(run.invoke(data, ["inspect", "nowhere"]).exception, DataFault)
    assert run.invoke(data, ["make", "--out", "c", "--count", "0"]).exit_code == 2


def test_nothing_here_imports_torch() -> None:
    """The commands start without torch."""
    program = (
        "import sys; import grader.cli_data, grader.data_commands, grader.datasets; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def rubric(shape: tuple[int, int, int], classes: int) -> Rubric:
    text = (
        f'version = 1\ntitle = "T"\n[input]\nshape = {list(shape)}\nclasses = {classes}\n[criteria.built]\npoints = 1\n'
    )
    return parse(text, "rubric.toml", DEFINITIONS)


def test_every_layout_can_be_graded_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data` takes a folder or a file in any layout, and says what does not fit the rubric."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    for name in ("mnist", "binary", "python"):
        (tmp_path / name).mkdir()
    makers.mnist(tmp_path / "mnist")
    makers.cifar_binary(tmp_path / "binary")
    makers.cifar_python(tmp_path / "python", None)
    digits = makers.digits()
    np.savez(tmp_path / "a.npz", images=digits.images[:100], labels=digits.labels[:100])
    makers.write_folders(tmp_path / "pets", makers.noise(20, 32, 32, 3), ["cat", "dog"] * 10)
    for name, shape, classes, counts in (
        ("mnist", (1, 28, 28), 10, (30, 10)),
        ("binary", (3, 32, 32), 10, (40, 20)),
        ("python", (3, 32, 32), 10, (40, 20)),
        ("a.npz", (1, 8, 8), 10, (80, 20)),
        ("a.npz", (3, 8, 8), 10, (80, 20)),
        ("pets", (3, 32, 32), 2, (16, 4)),
    ):
        stored = datasets.stored(rubric(shape, classes), tmp_path / name)
        assert (stored.train_count, stored.held_out_count, stored.shape) == (*counts, shape)
    with pytest.raises(DataFault, match=r"2 labels \(cat and dog\), and the rubric asks for 10 classes"):
        datasets.stored(rubric((3, 32, 32), 10), tmp_path / "pets")
    with pytest.raises(DataFault, match="8×8 pixels, and the rubric asks for 32×32") as caught:
        datasets.stored(rubric((3, 32, 32), 10), tmp_path / "a.npz")
    assert "Set shape = [3, 8, 8]" in caught.value.fix
    with pytest.raises(DataFault, match="Generated pictures have 1 or 3 channels"):
        datasets.stored(rubric((1, 64, 64), 10), None)
