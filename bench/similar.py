"""How many copies the comparison finds, how many strangers it takes for copies, and how long it takes.

    export PYTHONHASHSEED=0                          # as behind the walls; another one chooses other fingerprints
    python bench/similar.py                          # copies of the examples, sound designs as the class around them
    python bench/similar.py --wild FOLDER            # public files (`*.py`, `*.ipynb`), each by somebody else
    python bench/similar.py --sizes 300 1000         # seconds for synthetic classes

A copy is an example or a sound design with one change (`CHANGES`); it is found where it stands in a cluster with its
original. Every pair of two independent ones in a cluster is a stranger taken for a copy. Networks and explanations are
left out, so what is counted is found by code alone. Public files of one repository (`REPOSITORY__ID.py`) are not
compared.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from sound_notebooks import sound_files

from grader.bundled import course_reference
from grader.records.similarity import Similarity
from grader.similarity.canonical import Piece
from grader.similarity.comparing import compare
from grader.similarity.entries import Entry, Template
from grader.similarity.textbook import textbook
from grader.similarity.winnowing import library
from grader.source.entry import Hints, plans
from grader.source.reading.notebook import ReadLimits, read_submission

EXAMPLES = Path(__file__).parents[1] / "submissions"
HINTS = Hints((3, 32, 32), 10)
_KEPT = frozenset("self super torch nn F np pd forward x True False None model".split())


def entry(name: str, files: dict[str, bytes]) -> Entry | None:
    """Return a submission as the grader sees it; None where nothing in it builds a network."""
    source = read_submission(files, ReadLimits())
    found = plans(source, None, HINTS)
    if not found:
        return None
    cells = [*source.cells, *(cell for module in source.modules.values() for cell in module)]
    pieces = tuple(Piece(one.file, one.number, one.text) for one in cells)
    wanted = tuple((one.where.file or "", one.where.cell, one.where.line or 0) for one in found[0].statements)
    return Entry(name, frozenset({name.partition("__")[0]}), pieces, wanted)


def examples() -> dict[str, dict[str, bytes]]:
    """Return the files of each example."""
    found: dict[str, dict[str, bytes]] = {}
    for path in sorted(EXAMPLES.iterdir()):
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        files = {one.name: one.read_bytes() for one in inside if one.suffix in (".py", ".ipynb")}
        if files:
            found[path.stem] = files
    return found


def renamed(text: str, random: Random) -> str:
    """Give every name of the student's another one."""
    own = set(re.findall(r"(?:self\.|class |def |^)([A-Za-z_]\w*)(?= *(?:=[^=]|\())", text, re.MULTILINE))
    own -= _KEPT | {one for one in own if one.startswith("__")}
    own = {one for one in own if not re.search(rf"\b(?:nn|F|torch)\.{one}\b", text)}
    new = {one: f"{random.choice('abcdefgh')}{random.randrange(1000)}" for one in sorted(own)}
    return re.sub(r"(?<!nn\.)(?<!F\.)\b[A-Za-z_]\w*\b", lambda match: new.get(match.group(), match.group()), text)


def reordered(text: str, random: Random) -> str:
    """Shuffle layers that are assigned one after the other, and put the last method first."""
    lines = text.split("\n")
    found: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if re.match(r"\s+self\.\w+ = .*\)$", line):
            run.append(line)
            continue
        random.shuffle(run)
        found += [*run, line]
        run = []
    methods = re.split(r"(?m)^(?=    def )", "\n".join(found[:-1]))
    if len(methods) > 2:
        tail = re.search(r"(?m)^\S", methods[-1])
        last, after = (methods[-1][: tail.start()], methods[-1][tail.start() :]) if tail else (methods[-1] + "\n", "")
        return "".join([methods[0], last, *methods[1:-1], after])
    return "".join(methods)


def reformatted(text: str, random: Random) -> str:
    """Break calls over lines, drop comments, write other blanks."""
    text = re.sub(r"(?m)(?<=\S)\s*#[^\n]*$|^\s*#[^\n]*\n", "", text)
    return re.sub(r", (?=[\w(])", ",\n            ", text).replace(" = ", "  =  ")


def spelled(text: str, random: Random) -> str:
    """Write module names out and arguments as keywords."""
    text = re.sub(r"\bnn\.Linear\((\S+), (\S+)\)", r"torch.nn.Linear(in_features=\1, out_features=\2)", text)
    return re.sub(
        r"\bnn\.Conv2d\((\w+), (\w+), (\w+)", r"torch.nn.Conv2d(in_channels=\1, out_channels=\2, kernel_size=\3", text
    )


def few_numbers(text: str, random: Random) -> str:
    """Change a third of the numbers above one."""
    return re.sub(
        r"(?<=[ (,])\d+(?=[,) ])",
        lambda m: str(int(m.group()) + 1) if int(m.group()) > 1 and random.random() < 0.33 else m.group(),
        text,
    )


def all_numbers(text: str, random: Random) -> str:
    """Change every number above one."""
    return re.sub(
        r"(?<=[ (,])\d+(?=[,) ])", lambda m: str(int(m.group()) + 3) if int(m.group()) > 1 else m.group(), text
    )


def several(text: str, random: Random) -> str:
    """Rename, reorder, reformat and spell out."""
    return spelled(reformatted(reordered(renamed(text, random), random), random), random)


CHANGES: dict[str, Callable[[str, Random], str]] = {
    "none": lambda text, random: text,
    "renamed": renamed,
    "reordered": reordered,
    "reformatted": reformatted,
    "spelled": spelled,
    "few_numbers": few_numbers,
    "all_numbers": all_numbers,
    "several": several,
}


def module(of: Entry) -> str:
    """Return a submission's code as one module."""
    return "\n\n".join(one.text for one in of.pieces)


def copies(of: Iterable[Entry], seed: int) -> list[Entry]:
    """Return each change of each submission, as a module, where the change changes it and it still builds."""
    found = []
    for one in of:
        text = module(one)
        for name, change in CHANGES.items():
            changed = change(text, Random(f"{seed} {one.id} {name}"))
            if changed == text and name != "none":
                continue
            made = entry(f"{one.id}~{name}", {"copy.py": changed.encode()})
            if made is not None:
                found.append(made)
    return found


def synthetic(count: int, seed: int) -> list[Entry]:
    """Return sound designs with everything around them."""
    found = []
    for number in range(count):
        ending, blob, _ = sound_files(Random(f"{seed} {number}"))
        one = entry(f"sound{number:04}", {f"net{ending}": blob})
        if one is not None:
            found.append(one)
    return found


def templates() -> list[Template]:
    """Return the reference solution, which never counts."""
    files = course_reference().parent
    found = [*textbook()]
    for path in sorted(files.glob("solution.*")):
        source = read_submission({path.name: path.read_bytes()}, ReadLimits())
        pieces = tuple(Piece(one.file, one.number, one.text) for one in source.cells)
        found.append(Template(path.name, pieces, source.notes))
    return found


def pairs(found: Similarity) -> set[frozenset[str]]:
    """Return all pairs of all clusters."""
    return {
        frozenset((first, second))
        for cluster in found.clusters
        for index, first in enumerate(cluster.members)
        for second in cluster.members[index + 1 :]
    }


def recall(around: Sequence[Entry], originals: Sequence[Entry], seed: int) -> None:
    """Hand in all copies of one kind among the class; print how many of them are found."""
    made = copies(originals, seed)
    by_change: dict[str, list[Entry]] = defaultdict(list)
    for one in made:
        by_change[one.id.rpartition("~")[2]].append(one)
    given = templates()
    for change, several_ in by_change.items():
        found = compare([*around, *several_], given, library=library())
        flagged = pairs(found)
        hits = [one for one in several_ if frozenset((one.id, one.id.rpartition("~")[0])) in flagged]
        missed = sorted(one.id.rpartition("~")[0] for one in several_ if one not in hits)
        print(f"{change:12} {len(hits):3} of {len(several_):3} found; missed: {', '.join(missed)}", flush=True)


def strangers(entries: Sequence[Entry], show: bool) -> None:
    """Print which independent submissions are taken for copies."""
    found = compare(entries, templates(), library=library())
    count = len(entries) * (len(entries) - 1) // 2
    kinds = Counter(kind for cluster in found.clusters for pair in cluster.pairs for kind in pair.kinds)
    print(
        f"{len(entries)} independent: {len(pairs(found))} of {count:,} pairs taken for copies {dict(kinds)}; "
        f"{found.common} fingerprints common"
    )
    for cluster in found.clusters if show else ():
        for pair in cluster.pairs:
            print(
                f"   {pair.first} – {pair.second}: {', '.join(pair.kinds)} code {pair.code:.2f} shape {pair.shape:.2f} "
                f"lines {pair.lines}"
            )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wild", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--around", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    if options.wild:
        files = sorted(one for one in options.wild.iterdir() if one.suffix in (".py", ".ipynb"))
        found = [entry(one.stem, {one.name: one.read_bytes()}) for one in files]
        strangers([one for one in found if one is not None], options.show)
        return
    for size in options.sizes:
        entries = synthetic(size, options.seed)
        started, before = time.perf_counter(), time.process_time()
        result = compare(entries, templates(), library=library())
        print(
            f"{size}: {time.perf_counter() - started:.2f} s, processor {time.process_time() - before:.2f} s, "
            f"{len(result.clusters)} clusters, {len(pairs(result))} pairs"
        )
    if options.sizes:
        return
    around = synthetic(options.around, options.seed)
    originals = [one for name, files in examples().items() if (one := entry(name, files)) is not None]
    strangers(originals, options.show)
    strangers(around, options.show)
    recall([*around, *originals], [*originals, *around[:20]], options.seed)


if __name__ == "__main__":
    main()
