"""The class of which the pages speak: six submissions under the names that Canvas gives them, graded once."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.docs.surroundings import surroundings

HANDED_IN = {
    "lovelaceada_48201_90001_functional.py": "functional.py",
    "oneillsiobhn_48202_90002_house_style.ipynb": "house_style.ipynb",
    "turingalan_LATE_48203_90003_no_pooling.py": "no_pooling.py",
    "kimalex_48204_90004_wrong_in_features.ipynb": "wrong_in_features.ipynb",
    "hoppergrace_48213_90005_nn_dense.ipynb": "nn_dense.ipynb",
    "noetheremmy_48230_90006_untitled0.ipynb": "untitled0.ipynb",
}
LINK = "hedylamarr_48231_90007_link.html"

ROSTER = """id,name,email
48201,Ada Lovelace,ada@example.edu
48202,Siobhán O'Neill,siobhan@example.edu
48203,Alan Turing,alan@example.edu
48204,Alex Kim,alex@example.edu
48213,Grace Hopper,grace@example.edu
48230,Emmy Noether,emmy@example.edu
48231,Hedy Lamarr,hedy@example.edu
"""

GRADES = """Student,ID,SIS User ID,SIS Login ID,Section,CNN assignment (4711)
    Points Possible,,,,,20
"Lovelace, Ada",48201,U201,ada,A,
"O'Neill, Siobhán",48202,U202,siobhan,A,
"Turing, Alan",48203,U203,alan,A,
"Kim, Alex",48204,U204,alex,B,
"Hopper, Grace",48213,U213,grace,B,
"Noether, Emmy",48230,U230,emmy,B,
"Lamarr, Hedy",48231,U231,hedy,B,
"""


def zipped(folder: Path) -> Path:
    """Write `submissions.zip` as Canvas gives it out, the roster and the table of grades; return the folder."""
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for name, source in HANDED_IN.items():
            archive.write(ROOT / "submissions" / source, name)
        archive.writestr(LINK, "<html><body><a href='https://colab.example.edu/drive/1'>my notebook</a></body></html>")
    (folder / "class.csv").write_text(ROSTER, encoding="utf-8")
    (folder / "Grades-DL1.csv").write_text(GRADES, encoding="utf-8")
    return folder


def graded(folder: Path, home: Path) -> Path:
    """Grade that class by structure alone, into `results`; return the folder."""
    zipped(folder)
    words = [sys.executable, "-m", "grader.start", "batch", "submissions.zip", "--out", "results"]
    words += ["--rubric", str(ROOT / "tests" / "docs" / "given" / "class.toml"), "--roster", "class.csv"]
    subprocess.run(words, cwd=folder, env=surroundings(home), check=True, capture_output=True)
    return folder
