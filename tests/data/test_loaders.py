"""The course's folder of numbered PNGs and its table: what is read, and what is said when it cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader.data import decode, loaders
from grader.data.course import listed, load
from grader.data.pictures import PictureSet
from grader.faults import DataFault

WORDS = ("frog", "truck", "bird")


def folder_with(place: Path, count: int = 3, size: tuple[int, int] = (4, 5)) -> Path:
    """Write `count` RGB pictures of `size` (width, height) into `data` and their table beside it."""
    (place / "data").mkdir()
    for index in range(1, count + 1):
        Image.new("RGB", size, (index, 20, 30)).save(place / "data" / f"{index}.png")
    table(place, *(f"{index},{WORDS[(index - 1) % 3]}" for index in range(1, count + 1)))
    return place


def table(place: Path, *rows: str, header: str = "index,label") -> None:
    """Write a table of these rows."""
    (place / "y.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def fault(folder: Path, shape: tuple[int, int, int] | None = None) -> DataFault:
    """Return the fault that loading raises; every one of ours says what to do."""
    with pytest.raises(DataFault) as caught:
        load(folder, shape)
    assert caught.value.fix
    assert caught.value.what.endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


def test_the_courses_layout_is_read(tmp_path: Path) -> None:
    """Pictures lie in `data` and y.csv beside it; numbers are ordered as numbers and classes by name."""
    pictures = load(folder_with(tmp_path, count=12), (3, 5, 4))
    assert pictures.images.shape == (12, 3, 5, 4)
    assert pictures.images[:, 0, 0, 0].tolist() == list(range(1, 13))
    assert pictures.classes == ("bird", "frog", "truck")
    assert pictures.labels.tolist() == [1, 2, 0] * 4
    assert pictures.origin == str(tmp_path)


def test_the_folder_of_pictures_may_be_named_itself(tmp_path: Path) -> None:
    """`--data course/data` finds y.csv beside the folder, or inside it."""
    beside = load(folder_with(tmp_path) / "data", None)
    (tmp_path / "y.csv").rename(tmp_path / "data" / "y.csv")
    inside = load(tmp_path / "data", None)
    around = load(tmp_path, None)
    assert beside.content_hash() == inside.content_hash() == around.content_hash()


def test_pictures_beside_the_table(tmp_path: Path) -> None:
    """Everything may lie in one folder, and other files there do no harm."""
    folder_with(tmp_path)
    for path in (tmp_path / "data").iterdir():
        path.rename(tmp_path / path.name)
    (tmp_path / "notes.png").write_bytes(b"not a numbered picture")
    assert len(load(tmp_path, None)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffindex,label\r\n1,frog\r\n2,truck\r\n3,bird\r\n",
        "INDEX , Label\n1, frog \n 2,truck\n3,bird",
        'index,label\n1,"frog"\n\n"2","truck"\n , \n3,bird\n\n',
        ",label,note,index,\n0,frog,green,1,\n1,truck,,2,\n2,bird,,3,\n",
        "index;label\n1;frog\n2;truck\n3;bird\n",
        "index\tlabel\n3\tbird\n02\ttruck\n1\tfrog\n",
    ],
    ids=["spreadsheet", "capitals", "quotes and blanks", "more columns", "semicolons", "tabs in any order"],
)
def test_tables_as_programs_write_them(tmp_path: Path, text: str) -> None:
    """A byte-order mark, CRLF, capitals, quotes, blank rows, further columns and `;` change nothing."""
    folder = folder_with(tmp_path)
    (folder / "y.csv").write_bytes(text.encode())
    pictures = load(folder, None)
    assert [pictures.classes[label] for label in pictures.labels] == list(WORDS)


def test_labels_keep_commas_and_letters_of_any_script(tmp_path: Path) -> None:
    """A quoted label may hold a comma, and names are not only English."""
    folder = folder_with(tmp_path, count=2)
    table(folder, '1,"frog, green"', "2,Frösche 蛙")
    assert load(folder, None).classes == ("Frösche 蛙", "frog, green")


def _grey(value: int, size: int = 2) -> Image.Image:
    return Image.fromarray(np.full((size, size), value, dtype=np.uint8))


def _palette(*, see_through: bool) -> Image.Image:
    picture = Image.new("P", (2, 2), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    if see_through:
        picture.info["transparency"] = bytes([255, 10])
    return picture


MODES = {
    "1": (Image.new("1", (2, 2), 1), (255, 255, 255)),
    "L": (_grey(77), (77, 77, 77)),
    "LA": (Image.new("LA", (2, 2), (77, 128)), (77, 77, 77)),
    "P": (_palette(see_through=False), (200, 100, 50)),
    "P with transparency": (_palette(see_through=True), (200, 100, 50)),
    "RGB": (Image.new("RGB", (2, 2), (200, 100, 50)), (200, 100, 50)),
    "RGBA": (Image.new("RGBA", (2, 2), (200, 100, 50, 128)), (200, 100, 50)),
    "I;16": (Image.fromarray(np.full((2, 2), 51_400, dtype=np.uint16)), (200, 200, 200)),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_png_becomes_rgb(tmp_path: Path, mode: str) -> None:
    """Grey is repeated, palettes are looked up, transparency is dropped, sixteen bits keep their upper eight."""
    picture, expected = MODES[mode]
    picture.save(tmp_path / "1.png")
    table(tmp_path, "1,frog")
    images = load(tmp_path, (3, 2, 2)).images
    assert images.shape == (1, 3, 2, 2)
    assert images.dtype == np.uint8
    assert images[0, :, 1, 1].tolist() == list(expected)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_png_becomes_grey_when_asked(tmp_path: Path, mode: str) -> None:
    """A shape of one channel gives the brightness."""
    picture, (red, green, blue) = MODES[mode]
    picture.save(tmp_path / "1.png")
    table(tmp_path, "1,frog")
    images = load(tmp_path, (1, 2, 2)).images
    assert images.shape == (1, 1, 2, 2)
    assert images[0, 0, 0, 0] == pytest.approx(0.299 * red + 0.587 * green + 0.114 * blue, abs=1)


def test_another_size_names_the_file_and_both_sizes(tmp_path: Path) -> None:
    """A picture that differs from the shape, or from the first picture, is named with both sizes."""
    folder = folder_with(tmp_path, size=(4, 5))
    assert "1.png is 4×5 pixels and should be 32×32." in fault(folder, (3, 32, 32)).what
    Image.new("RGB", (6, 7)).save(folder / "data" / "2.png")
    assert f"{folder / 'data' / '2.png'} is 6×7 pixels and should be 4×5." in fault(folder).what


def test_pictures_and_rows_are_held_to_each_other(tmp_path: Path) -> None:
    """A picture without a row and a row without a picture are named, the first of several with their number."""
    folder = folder_with(tmp_path)
    table(folder, "1,frog")
    assert f"{folder / 'data' / '2.png'} has no row in {folder / 'y.csv'} (and 1 more like it)." == fault(folder).what
    table(folder, "1,frog", "2,truck", "3,bird", "9,bird")
    assert "y.csv has a row for 9, but" in fault(folder).what
    assert "no 9.png." in fault(folder).what


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("1,frog", "2,truck", "1,bird"), "y.csv, line 4: the index 1 was there before."),
        (("1,frog", "02,truck", "2,bird"), "y.csv, line 4: the index 2 was there before."),
        (("1,frog", "two,truck"), "y.csv, line 3: the index is 'two'."),
        (("1,frog", "-2,truck"), "y.csv, line 3: the index is '-2'."),
        (("1,frog", "²,truck"), "y.csv, line 3: the index is '²'."),
        (("1,frog", "9" * 5000 + ",truck"), "y.csv, line 3: the index is '9999"),
        (("1,frog", "2"), "y.csv, line 3: a cell is missing."),
        (("1,frog", "2, "), "y.csv, line 3: the label is empty."),
        (('"1","fr\nog"', "x,bird"), "y.csv, line 4: the index is 'x'."),
        (("1," + "f" * 200_000,), "y.csv, line 2 is not CSV (field larger"),
        ((), "y.csv has no rows."),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, rows: tuple[str, ...], expected: str) -> None:
    """Duplicate and odd indices, missing cells and empty labels name the table and the line."""
    folder = folder_with(tmp_path)
    table(folder, *rows)
    assert expected in fault(folder).what


def test_a_wrong_table_is_named(tmp_path: Path) -> None:
    """A missing table, other columns, an empty file and another encoding are each said."""
    folder = folder_with(tmp_path)
    table(folder, "1,frog", header="number,class")
    assert "y.csv has no columns index and label." in fault(folder).what
    (folder / "y.csv").write_bytes(b"")
    assert "y.csv has no columns index and label." in fault(folder).what
    (folder / "y.csv").write_bytes("index,label\n1,frog".encode("utf-16"))
    assert "y.csv cannot be read" in fault(folder).what
    (folder / "y.csv").unlink()
    assert fault(folder).what == f"{folder} has no y.csv."


@pytest.mark.parametrize("keep", [0, 20, 60, -500])
def test_a_broken_picture_is_named(tmp_path: Path, keep: int) -> None:
    """An empty picture, and one cut short in its header or in its pixels, is named."""
    folder = folder_with(tmp_path)
    path = folder / "data" / "2.png"
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    Image.new("RGB", (32, 32)).save(folder / "data" / "1.png")
    assert f"{path} cannot be read as a picture" in fault(folder).what


def test_every_single_damaged_byte_is_a_fault_or_a_picture(tmp_path: Path) -> None:
    """Whatever Pillow's decoders raise on a damaged file becomes a fault; nothing else comes out."""
    folder = folder_with(tmp_path, count=1)
    path = folder / "data" / "1.png"
    whole = path.read_bytes()
    for position in range(8, len(whole)):
        for flip in (0x01, 0xFF):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])
            try:
                assert load(folder, (3, 5, 4)).shape == (3, 5, 4)
            except DataFault as error:
                assert str(path) in error.what  # noqa: PT017 - one of both must come out


def test_a_picture_too_large_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a few bytes may unpack to gigabytes: its size is read first, and Pillow's own warning is not ours."""
    folder = folder_with(tmp_path, size=(40, 50))
    monkeypatch.setattr(decode, "MOST_PIXELS", 100)
    assert "1.png has 40×50 pixels." in fault(folder).what
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    assert "1.png has 40×50 pixels." in fault(folder).what
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    assert "1.png cannot be read as a picture" in fault(folder).what


def test_two_pictures_of_one_number_are_named(tmp_path: Path) -> None:
    """1.png and 01.png cannot both be picture 1."""
    folder = folder_with(tmp_path)
    Image.new("RGB", (4, 5)).save(folder / "data" / "01.png")
    assert fault(folder).what == f"{folder / 'data' / '01.png'} and {folder / 'data' / '1.png'} have the same number."


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    """A folder without pictures is said, also where the table is there."""
    assert fault(tmp_path).what == f"{tmp_path} holds no pictures named 1.png, 2.png, …."
    table(tmp_path, "1,frog")
    assert fault(tmp_path).what == f"{tmp_path} holds no pictures named 1.png, 2.png, …."


def test_the_front_door_reads_it_too(tmp_path: Path) -> None:
    """`loaders.load` recognises this layout, and a table alone or pictures alone are taken for it as well."""
    folder = folder_with(tmp_path)
    found = loaders.load(folder, None)
    assert isinstance(found, PictureSet)
    assert found.content_hash() == load(folder, None).content_hash()
    assert loaders.recognise(folder / "data").layout == "course"
    (folder / "y.csv").unlink()
    with pytest.raises(DataFault, match=r"has no y\.csv"):
        loaders.load(folder, None)


def test_every_mistake_is_listed(tmp_path: Path) -> None:
    """Loading stops at the first mistake; the listing has them all, and the pictures with the labels that they have."""
    folder = folder_with(tmp_path, count=4)
    table(folder, "1,frog", "2,", "two,bird", "1,truck", "9,bird")
    found = listed(folder)
    assert [one.what.rsplit("/", 1)[-1] for one in found.faults] == [
        "y.csv, line 3: the label is empty.",
        "y.csv, line 4: the index is 'two'.",
        "y.csv, line 5: the index 1 was there before.",
        "y.csv (and 2 more like it).",
        "data has no 9.png.",
    ]
    assert [entry.label for entry in found.entries] == ["frog", None, None, None]


def test_what_is_no_picture_is_never_handed_to_another_program(tmp_path: Path) -> None:
    """PostScript under the name of a PNG would be drawn by Ghostscript; only five formats are opened at all."""
    folder = folder_with(tmp_path, count=1)
    path = folder / "data" / "1.png"
    for kind in ("EPS", "TIFF", "PPM", "PCX"):
        Image.new("RGB", (4, 5)).save(path, kind)
        assert f"{path} cannot be read as a picture" in fault(folder).what


def test_two_channels_are_refused(tmp_path: Path) -> None:
    """There is no picture of two channels to be had from a PNG."""
    assert fault(folder_with(tmp_path), (2, 5, 4)).what == "Pictures have 1 or 3 channels, not 2."
