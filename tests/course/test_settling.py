"""From a course file to a rubric, pictures and the sentences of a report."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

from grader import datasets
from grader.bundled import course_reference, course_rubric
from grader.checking import CheckOptions, _with_reference, rubric_of
from grader.course import Surroundings, Wish, guidance
from grader.course.finding import remember
from grader.course.keeping import HOUR
from grader.course.records import Guidance
from grader.course.settling import ago
from grader.data import patterns
from grader.faults import CourseFault, DataFault
from tests.course.conftest import Clock, Site, nobody_there
from tests.course.test_unpacking import zipped

RUBRIC = b'version = 1\ntitle = "Own"\n[criteria.built]\npoints = 3\n'
CODE = b'version = 1\ntitle = "Own"\n[criteria.small]\npoints = 3\ntitle = "It is small"\ncheck = "own.py:small"\n'
OWN = "from grader.own import passed\ndef small(graph, params):\n    return passed('It is.')\n"


def course_file(folder: Path, text: str) -> str:
    """Write a course file; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grader.toml").write_text(text)
    return str(folder / "grader.toml")


def test_nothing_holds(home: Path, around: Surroundings) -> None:
    """Without a course file there is nothing, and nothing is asked of one where a rubric was named."""
    assert guidance(Wish(home / "a.py"), around) is None
    course_file(home, "nonsense")
    assert guidance(Wish(home / "a.py", rubric=False), around) is None


def test_all_from_one_address(site: Site, home: Path, around: Surroundings) -> None:
    """A course file from a URL names its rubric beside itself, and the note says which one and why."""
    site.files |= {"/dl/grader.toml": b'title = "DL"\nask = "me"\nrubric = "own.toml"\n', "/dl/own.toml": RUBRIC}
    url = site.url("/dl/grader.toml")
    named = around._replace(environment={**around.environment, "GRADER_COURSE": url})
    found = guidance(Wish(home / "a.py"), named)
    assert found is not None
    assert Path(found.rubric).read_bytes() == RUBRIC
    assert found.rubric_url == site.url("/dl/own.toml")
    assert found.notes == (f"By the rubric own.toml, as {url} says (named by GRADER_COURSE).", "DL: Questions: me")
    assert Guidance.from_json(found.to_json()) == found
    assert rubric_of(CheckOptions(Path(), guidance=found)).title == "Own"


def test_offline_is_said_in_one_line(site: Site, home: Path, around: Surroundings, clock: Clock) -> None:
    """With the server down the copies are used, and one note says how old they are."""
    site.files |= {"/grader.toml": b'rubric = "own.toml"', "/own.toml": RUBRIC}
    wish = Wish(home / "a.py", site.url("/grader.toml"))
    guidance(wish, around)
    site.files.clear()
    clock.seconds += 3 * HOUR
    found = guidance(wish, around)
    assert found is not None
    (note,) = found.notes[1:]
    assert note.startswith(f"{site.url('/grader.toml')} is not there: the server answered 404")
    assert note.endswith(". In its place: 2 copies, the oldest of 3 hours ago.")


def test_offline_without_a_copy(home: Path, around: Surroundings) -> None:
    """Nothing kept is one line that says what could not be had."""
    url = f"{nobody_there()}/grader.toml"
    with pytest.raises(CourseFault) as caught:
        guidance(Wish(home / "a.py", url), around)
    assert str(caught.value) == (
        f"The course file {url} cannot be reached: Connection refused. Nothing of it is kept on this machine."
    )


def test_code_from_the_network_is_refused(site: Site, home: Path, around: Surroundings) -> None:
    """A rubric from a URL brings no Python, whoever chose the course; nothing of it is loaded."""
    site.files["/own.toml"] = CODE
    file = course_file(home, f'rubric = "{site.url("/own.toml")}"\n')
    remember(around.configuration, file)
    for asked in (None, file):
        with pytest.raises(CourseFault) as caught:
            guidance(Wish(home / "a.py", asked), around)
        assert str(caught.value) == (
            f"{site.url('/own.toml')}, line 6: criteria.small.check names a Python file; code from the network does not "
            "run here. Hand this rubric out as a file."
        )


def test_code_that_merely_lies_there_is_refused(home: Path, around: Surroundings) -> None:
    """A file beside somebody's work runs code only after its user named it: eve's folder may hold one."""
    file = course_file(home / "eve", 'rubric = "own.toml"\n')
    (home / "eve" / "own.toml").write_bytes(CODE)
    (home / "eve" / "own.py").write_text(f"import pathlib\npathlib.Path({str(home / 'ran')!r}).touch()\n{OWN}")
    with pytest.raises(
        CourseFault, match=r"line 6: .* nobody chose this course file.* grader course use .*grader\.toml"
    ):
        guidance(Wish(home / "eve" / "net.py"), around)
    assert not (home / "ran").exists()
    for found in (
        guidance(Wish(home / "eve" / "net.py", file), around),
        remember(around.configuration, file) and guidance(Wish(home / "eve" / "net.py"), around),
    ):
        assert isinstance(found, Guidance)
        assert list(rubric_of(CheckOptions(Path(), guidance=found)).criteria) == ["small"]
    assert (home / "ran").exists()


@pytest.mark.parametrize("text", ["criteria = 3", "[criteria]\nsmall = 1", "[criteria.small]\ncheck = 3", "no toml"])
def test_what_is_no_rubric_is_left_to_its_reader(site: Site, home: Path, around: Surroundings, text: str) -> None:
    """A broken rubric from a URL is said with its address and line, and whom to tell."""
    site.files["/own.toml"] = text.encode()
    file = course_file(home, f'rubric = "{site.url("/own.toml")}"\n')
    found = guidance(Wish(home / "a.py", file), around)
    with pytest.raises(CourseFault, match=r"^http://127.*own\.toml, line \d.*Tell whoever hands it out\.$"):
        rubric_of(CheckOptions(Path(), guidance=found))


def test_digests(site: Site, home: Path, around: Surroundings) -> None:
    """A rubric that is another than the course file says is refused, by path and by URL."""
    right, wrong = hashlib.sha256(RUBRIC).hexdigest(), "0" * 64
    site.files["/own.toml"] = RUBRIC
    (home / "own.toml").write_bytes(RUBRIC)
    for name in ("own.toml", site.url("/own.toml")):
        file = course_file(home, f'rubric = "{name}"\nrubric_sha256 = "{right}"\n')
        assert guidance(Wish(home / "a.py", file), around) is not None
        file = course_file(home, f'rubric = "{name}"\nrubric_sha256 = "{wrong}"\n')
        with pytest.raises(CourseFault, match=rf"own\.toml has the SHA-256 {right}, and the course file says {wrong}"):
            guidance(Wish(home / "a.py", file), around)


def test_data_only_where_it_is_wanted(site: Site, home: Path, around: Surroundings, tmp_path: Path) -> None:
    """Pictures are fetched for a training alone, unpacked, and are those that are trained on."""
    made = patterns.split(200, 100, 1, 2).train
    arrays = io.BytesIO()
    np.savez(arrays, images=made.images, labels=made.labels)
    site.files["/hand/out?id=3"] = zipped(tmp_path / "a.zip", {"handout/a.npz": arrays.getvalue()}).read_bytes()
    file = course_file(home, f'data = "{site.url("/hand/out?id=3")}"\n')
    without = guidance(Wish(home / "a.py", file), around)
    assert without is not None
    assert (without.data, without.rubric, site.asked) == ("", "", [])
    assert without.notes == (f"Of the course, as {file} says (named for this check).",)
    found = guidance(Wish(home / "a.py", file, data=True), around)
    assert found is not None
    assert (found.data_name, Path(found.data).name) == ("out", "a.npz")
    rubric = rubric_of(CheckOptions(Path(), guidance=found))
    split = datasets.split_for(rubric, Path(found.data))
    assert len(split.train.labels) + len(split.held_out.labels) == 200


def test_arrays_from_an_address(site: Site, home: Path, around: Surroundings) -> None:
    """A `.npz` keeps its ending, by which it is read, whatever its address is called."""
    arrays = io.BytesIO()
    np.savez(arrays, images=np.zeros((2, 2, 2, 3), np.uint8))
    site.files["/download"] = arrays.getvalue()
    file = course_file(home, f'data = "{site.url("/download")}"\n')
    found = guidance(Wish(home / "a.py", file, data=True), around)
    assert found is not None
    assert Path(found.data).suffix == ".npz"


def test_data_is_told_by_the_courses_name(tmp_path: Path) -> None:
    """What is wrong with the pictures is said of the name that the course gave them."""
    from grader.checking import _pictures

    (tmp_path / "empty").mkdir()
    options = CheckOptions(Path(), guidance=Guidance(data=str(tmp_path / "empty"), data_name="handout.zip"))
    with pytest.raises(DataFault, match=r"^The course's data handout\.zip: .* holds no pictures"):
        _pictures(rubric_of(options), options)


def test_a_reference_that_is_kept_back(home: Path, around: Surroundings) -> None:
    """The answer is not handed out, so the grader's own stands in; one that is there is taken."""
    file = course_file(home, 'rubric = "own.toml"\n')
    (home / "own.toml").write_bytes(RUBRIC + b'[reference]\nsolution = "answer.py"\n')
    options = CheckOptions(Path(), guidance=guidance(Wish(home / "a.py", file), around))
    rubric = rubric_of(options)
    found = _with_reference(rubric, options)
    assert found.resolve(found.reference.solution) == course_reference()
    (home / "answer.py").write_text("# here")
    assert _with_reference(rubric, options) == rubric
    without = CheckOptions(Path(), rubric=home / "own.toml")
    assert _with_reference(rubric_of(without), without) == rubric_of(without)


def test_the_reference_of_a_rubric_from_an_address(site: Site, home: Path, around: Surroundings) -> None:
    """The course's own rubric works from a URL: what it names beside itself is what comes with the grader."""
    site.files["/first_cnn.toml"] = course_rubric().read_bytes()
    file = course_file(home, f'rubric = "{site.url("/first_cnn.toml")}"\n')
    options = CheckOptions(Path(), guidance=guidance(Wish(home / "a.py", file), around))
    rubric = rubric_of(options)
    assert rubric.resolve(rubric.reference.solution).resolve() == course_reference().resolve()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "less than a minute ago"), (60, "1 minute ago"), (7300, "2 hours ago"), (90_000, "1 day ago")],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    """An age is said in its largest unit."""
    assert ago(seconds) == said
