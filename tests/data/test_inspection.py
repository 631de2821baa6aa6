"""Looking at pictures: what is counted, what is the same, what is alike, and what would spoil grading."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader.data.contents import look
from grader.data.duplicates import contradictory, fingerprint, near, same
from grader.data.inspection import Inspection, inspect
from grader.data.pictures import Split
from grader.data.splits import stratified
from grader.data.writing import write_course, write_split
from tests.data import makers


def inspected(place: Path) -> Inspection:
    return inspect(place, look(place, examples=3))


@pytest.fixture(name="course")
def digits_in_the_courses_layout(tmp_path: Path) -> Path:
    """Write 300 real digits as PNGs with their table."""
    write_course(makers.digits().subset(range(300)), tmp_path / "digits")
    return tmp_path / "digits"


def test_a_good_set_has_no_problems(course: Path) -> None:
    """Real digits: everything is counted, and nothing is wrong."""
    found = inspected(course)
    counts = np.bincount(makers.digits().labels[:300])
    assert found.problems == ()
    assert found.classes == {str(digit): count for digit, count in enumerate(counts.tolist())}
    assert (found.pictures, found.sizes, found.modes, found.layout) == (300, {"8×8": 300}, {"L": 300}, "course")
    assert found.balance == pytest.approx(counts.max() / counts.min(), abs=1e-3)
    assert found.duplicates == found.conflicts == found.across == ()
    json.dumps(found.to_json(), allow_nan=False)


def test_copies_and_contradictions(course: Path) -> None:
    """A copy in another mode and file is the same picture; under another label it spoils grading."""
    rows = (course / "y.csv").read_text().splitlines()
    label = rows[7].split(",")[1]
    Image.open(course / "7.png").convert("RGBA").save(course / "301.png")
    (course / "y.csv").write_text("\n".join([*rows, f"301,{label}", ""]))
    found = inspected(course)
    assert found.duplicates == ((str(course / "7.png"), str(course / "301.png")),)
    assert found.problems == ()
    assert any("1 of 301 pictures are copies" in note for note in found.notes)
    (course / "y.csv").write_text("\n".join([*rows, f"301,{(int(label) + 1) % 10}", ""]))
    found = inspected(course)
    assert len(found.conflicts) == 1
    assert any("under several labels" in problem and "301.png" in problem for problem in found.problems)


def test_labels_and_files_that_are_wrong_are_all_listed(course: Path) -> None:
    """Missing rows, empty labels, broken files and other sizes are said at once; the rest is counted."""
    rows = (course / "y.csv").read_text().splitlines()
    (course / "y.csv").write_text("\n".join([*rows[:250], "250,", "nine,9", ""]))
    (course / "3.png").write_bytes(b"broken")
    Image.new("RGB", (9, 7)).save(course / "4.png")
    found = inspected(course)
    for part in ("label is empty", "index is 'nine'", "(and 50 more like it)", "3.png cannot be read", "2 sizes"):
        assert any(part in problem for problem in found.problems), part
    assert found.pictures == 299
    assert sum(found.classes.values()) == 248
    assert found.modes == {"L": 298, "RGB": 1}


@pytest.mark.parametrize(
    ("names", "part", "spoils"),
    [
        (["cat"] * 4 + ["Cat"] * 4, "'Cat' and 'cat' differ only", True),
        (["cat"] * 7 + ["dog"], "The class 'dog' has one picture", True),
        (["cat"] * 8, "only one class, 'cat'", True),
        (["cat"] * 6 + ["dog"] * 2, None, False),
        (["cat"] * 7 + ["dog"] * 2, "'cat' has 7 pictures and 'dog' 2", False),
        (["cat"] * 4 + ["dog"] * 3 + ["7"] * 2, "look strange: '7'", False),
        (["cat"] * 4 + ["nan"] * 4, "look strange: 'nan'", False),
        (["cat"] * 4 + ["d" * 50] * 4, "look strange: 'ddd", False),
    ],
)
def test_labels_that_are_strange(tmp_path: Path, names: list[str], part: str | None, spoils: bool) -> None:
    """What makes a class impossible spoils grading; what is only odd is a note."""
    makers.write_folders(tmp_path, makers.noise(len(names), 8, 8, 3), names)
    found = inspected(tmp_path)
    assert bool(found.problems) is spoils
    said = found.problems if spoils else found.notes
    assert any(part in one for one in said) if part else not said


def test_a_picture_on_both_sides_spoils_grading(tmp_path: Path) -> None:
    """A split that keeps its sides apart is counted by side, and a shared picture is named with both."""
    split = stratified(makers.digits().subset(range(100)), 0.2, seed=1)
    write_split(split, tmp_path, as_npz=False, made={})
    found = inspected(tmp_path)
    assert found.sides == {"train": len(split.train), "held_out": len(split.held_out)}
    assert (found.problems, found.across) == ((), ())
    (tmp_path / "train" / "1.png").write_bytes((tmp_path / "held_out" / "2.png").read_bytes())
    found = inspected(tmp_path)
    assert len(found.across) == 1
    assert any("both to be learned and held out" in problem and "(held_out)" in problem for problem in found.problems)


def test_nearly_black_pictures_are_noticed(tmp_path: Path) -> None:
    """Digits from 0 to 16 stored as bytes are a common mistake."""
    np.savez(tmp_path / "a.npz", x=(makers.digits().images[:50] // 16), y=makers.digits().labels[:50])
    assert any("nearly black: the brightest pixel is 15" in note for note in inspected(tmp_path).notes)


def test_arrays_are_looked_at_as_files_are(tmp_path: Path, course: Path) -> None:
    """The same pictures in an .npz have the same counts, copies and likenesses."""
    digits = makers.digits().subset(range(300))
    np.savez(tmp_path / "a.npz", images=digits.images, labels=digits.labels)
    files, arrays = inspected(course), inspected(tmp_path / "a.npz")
    assert (files.classes, files.sizes, files.modes, len(files.near)) == (
        (arrays.classes, arrays.sizes, arrays.modes, len(arrays.near))
    )


def test_examples_are_spread_over_each_class(course: Path) -> None:
    """Three of each class: its first, one from its middle, its last."""
    contents = look(course, examples=3)
    digits = makers.digits().subset(range(300))
    for digit in range(10):
        members = np.flatnonzero(digits.labels == digit)
        shown = [members[0], members[(len(members) - 1) // 2], members[-1]]
        expected = [digits.images[position, 0] for position in shown]
        assert np.array_equal([example[..., 0] for example in contents.examples[str(digit)]], expected)


def test_same_and_contradictory() -> None:
    """Groups keep their order; a missing label contradicts nothing."""
    assert same("abcabdd") == [(0, 3), (1, 4), (5, 6)]
    assert contradictory([(0, 1), (2, 3), (4, 5)], ["x", "y", "x", None, "x", "x"]) == [(0, 1)]


def saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def test_near_duplicates_are_found_and_others_are_not() -> None:
    """A brighter copy and a compressed one are found among generated pictures, each pair once, and nothing else."""
    from grader.data import patterns

    pixels = patterns.generate(1500, seed=9).images.transpose(0, 2, 3, 1)
    brighter = [np.clip(image * 1.1 + 8, 0, 255).astype(np.uint8) for image in pixels[:40]]
    packed = [saved(np.ascontiguousarray(image), 80) for image in pixels[40:80]]
    marks = [fingerprint(np.ascontiguousarray(image)) for image in (*pixels, *brighter, *packed)]
    found = near(np.array(marks))
    assert found.complete
    pairs = {(left, right) for left, right, _ in found.pairs}
    assert len(pairs) == len(found.pairs)
    expected = {(position, 1500 + position) for position in range(80)}
    assert pairs <= expected
    assert len(pairs) >= 76


def test_flat_pictures_are_like_nothing() -> None:
    """Without contrast a correlation is that of rounding."""
    marks = np.full((50, 16, 16), 7, dtype=np.uint8) + np.arange(50, dtype=np.uint8)[:, None, None]
    marks[:, 0, 0] += 1
    assert near(marks).pairs == ()
    assert near(marks[:0]).pairs == ()


def test_ten_thousand_are_compared_in_seconds() -> None:
    """The work is one product of matrices, not a loop over pairs; a set of one picture over and over ends as well."""
    marks = makers.noise(10_000, 16, 16)
    marks[5000] = np.clip(marks[123].astype(int) + 3, 0, 255)
    start = time.monotonic()
    assert [pair[:2] for pair in near(marks).pairs] == [(123, 5000)]
    assert time.monotonic() - start < 10
    alike = np.clip(marks[:1].astype(int) + makers.noise(5000, 16, 16) % 8, 0, 255).astype(np.uint8)
    start = time.monotonic()
    assert not near(alike).complete
    assert time.monotonic() - start < 10


def test_a_split_without_a_change_is_what_inspect_calls_clean(tmp_path: Path) -> None:
    """Copies in the source stay on one side, so the split's own inspection finds nothing across."""
    digits = makers.digits()
    doubled = digits.subset([*range(100), *range(30)])
    split = stratified(doubled, 0.3, seed=4)
    assert isinstance(split, Split)
    write_split(split, tmp_path, as_npz=True, made={})
    found = inspected(tmp_path)
    assert len(found.duplicates) == 30
    assert found.across == ()
    assert found.problems == ()
