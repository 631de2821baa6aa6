"""Rubrics with mistakes as people make them; `# here` stands on each line that has to be named."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = 'version = 1\ntitle = "A test"\n'
LEAST = HEAD + "[criteria.built]\npoints = 3\n"
HERE = "# here"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A rubric that cannot be read.

    Attributes:
        name: of the mistake.
        text: of the file.
        says: a part of what is said, for each line that is marked, in their order.
    """

    name: str
    text: str
    says: tuple[str, ...]

    @property
    def lines(self) -> list[int]:
        """Return the lines that are marked."""
        return [number for number, line in enumerate(self.text.splitlines(), 1) if HERE in line]


def _in(table: str, line: str, *says: str, name: str = "") -> Wrong:
    """Return a rubric with one wrong line in one table."""
    return Wrong(name or f"{table}: {line}", f"{LEAST}[{table}]\n{line}  {HERE}\n", says)


def _whole(table: str, lines: str, *says: str, name: str) -> Wrong:
    """Return a rubric with a table that is wrong by its name."""
    return Wrong(name, f"{LEAST}[{table}]  {HERE}\n{lines}\n", says)


WRONG = (
    # keys that do not exist, and the nearest that do
    _in("recipe", "step = 500", "recipe.step is not a known key; did you mean steps"),
    _in("recipe", "learning-rate = 0.1", "learning-rate is not a known key; did you mean learning_rate"),
    _in("recipe", "Batch = 64", "Batch is not a known key; did you mean batch"),
    _in("input", "shapes = [3, 32, 32]", "shapes is not a known key; did you mean shape"),
    _in("data", "heldout = 1000", "heldout is not a known key; did you mean held_out"),
    _in("budget", "flop = 1", "flop is not a known key; did you mean flops"),
    _in("limits", "memory = 4096", "memory is not a known key; did you mean memory_megabytes"),
    _in("extract", "repair = false", "repair is not a known key; did you mean repairs"),
    _in("reference", "solutions = 'a.py'", "solutions is not a known key; did you mean solution"),
    _in("human.text", "points = 3\ntitle = 'T'\nguides = 'G'", "guides is not a known key; did you mean guide"),
    Wrong(
        "a table that does not exist",
        f"{LEAST}[recipes]  {HERE}\nsteps = 1\n",
        ("recipes is not a known key; did you mean recipe",),
    ),
    Wrong(
        "a key at the top",
        f"{LEAST.replace('[criteria', f'points = 30  {HERE}' + chr(10) + '[criteria')}",
        ("points is not a known key",),
    ),
    # criteria
    _whole(
        "criteria.convolutional",
        "points = 1",
        "is not a known criterion; did you mean convolution",
        name="a criterion by another name",
    ),
    _whole(
        "criteria.pool", "points = 1", "is not a known criterion; did you mean pooling", name="a criterion cut short"
    ),
    _in(
        "criteria.convolution",
        "points = 4\nleast = 2",
        "least is not a known key",
        name="a number that the criterion lacks",
    ),
    _in("criteria.accuracy", "points = 6\nchance = 0", "must lie between", name="a number out of its bounds"),
    _in("criteria.accuracy", "points = 6\nchance = 'much'", 'must be a number, not "much"', name="a word for a number"),
    _in(
        "criteria.pooling",
        "points = 3\npass_at = 4",
        "must be at most the criterion's 3 points, not 4",
        name="passed above its points",
    ),
    _in(
        "criteria.pooling",
        "points = 3\nrequires = ['conv']",
        'names "conv", which is not a known criterion; did you mean convolution',
        name="needs what is not there",
    ),
    _in("criteria.pooling", "points = 3\nrequires = ['pooling']", "goes round in a circle", name="needs itself"),
    _in("criteria.pooling", "points = -1", "points must be at least 0, not -1", name="fewer points than none"),
    _in("criteria.pooling", "points = '3'", 'points must be a number, not "3"', name="points in quotes"),
    Wrong("an empty title", f"{LEAST}[criteria.pooling]\ntitle = ''  {HERE}\npoints = 3\n", ("title must be text",)),
    Wrong("no points", f"{LEAST}[criteria.pooling]  {HERE}\ntitle = 'P'\n", ("criteria.pooling.points is missing",)),
    # values
    _in("input", "shape = [32, 32]", "is missing; a shape is channels, height and width", name="a shape of two"),
    _in("input", "shape = [3, 32, 32, 1]", "a list or table of at most 3", name="a shape of four"),
    _in("input", "shape = '3x32x32'", 'must be a list, not "3x32x32"', name="a shape in quotes"),
    _in("input", "classes = 1", "classes must be at least 2, not 1", name="one class"),
    _in("input", "classes = 10.0", "classes must be a whole number, not 10.0", name="ten point nought classes"),
    _in("recipe", "steps = '500'", 'steps must be a whole number, not "500"', name="steps in quotes"),
    _in("recipe", "learning_rate = 0", "learning_rate must be more than 0, not 0", name="no learning rate"),
    _in("recipe", "learning_rate = nan", "learning_rate must be a finite number", name="not a number"),
    _in(
        "recipe", "weights = 'new'", "weights must be 'submitted' or 'fresh', not \"new\"", name="a choice that is none"
    ),
    _in("recipe", "flips = 'yes'", 'flips must be true or false, not "yes"', name="yes for true"),
    _in("data", "held_out_fraction = 20", "held_out_fraction must be less than 1, not 20", name="percent for a share"),
    _in("data", "seed = 2\nheld_out_seed = 2", "must differ from data.seed", name="the training pictures again"),
    _whole(
        "human.built",
        "points = 3\ntitle = 'T'",
        "is also the name of a criterion",
        name="a mark named like a criterion",
    ),
    _whole(
        "human.Words",
        "points = 3\ntitle = 'T'",
        "must be small letters, digits and underscores",
        name="a mark in capitals",
    ),
    Wrong(
        "another version",
        f'version = 2  {HERE}\ntitle = "T"\n[criteria.built]\npoints = 1\n',
        ("version must be 1, not 2",),
    ),
    Wrong("criteria as a list", f'{HEAD}criteria = ["built"]  {HERE}\n', ("criteria must be a table",)),
    # files that are not TOML
    Wrong("no equals sign", f"{HEAD}[criteria.built]\npoints 3  {HERE}\n", ("this is not TOML",)),
    Wrong("no closing quote", f'version = 1\ntitle = "A test  {HERE}\n', ("this is not TOML",)),
    Wrong("a table twice", f"{LEAST}[criteria.built]  {HERE}\npoints = 2\n", ("this is not TOML",)),
    Wrong("True for true", f"{LEAST}[extract]\nrepairs = True  {HERE}\n", ("this is not TOML",)),
    # criteria of one's own
    _in(
        "criteria.mine",
        "points = 1\ncheck = 'gone.py:f'",
        "gone.py, which does not exist",
        name="a file that is not there",
    ),
    _in(
        "criteria.mine",
        "points = 1\ncheck = 'own.py:smal'",
        'names no function of own.py: "smal" is not in it; did you mean small',
        name="a function that is not there",
    ),
    _in(
        "criteria.mine",
        "points = 1\ncheck = 'own.py:narrow'",
        "does not take a ModelGraph and a dictionary: `def narrow(graph, params)`",
        name="a function of one argument",
    ),
    _in(
        "criteria.mine",
        "points = 1\ncheck = 'own.py:NUMBER'",
        "names own.py:NUMBER, which is no function",
        name="no function",
    ),
    _in(
        "criteria.mine",
        "points = 1\ncheck = 'broken.py:f'",
        "cannot be loaded: broken.py, line 1: SyntaxError",
        name="a file that Python cannot read",
    ),
    _in(
        "criteria.mine",
        "points = 1\ncheck = 'failing.py:f'",
        "cannot be loaded: failing.py, line 2: NameError",
        name="a file that fails",
    ),
    _in("criteria.mine", "points = 1\ncheck = 'small'", "is neither", name="an entry point that is not there"),
    Wrong(
        "the grader's own name",
        f"{HEAD}[criteria.built]\npoints = 1\ncheck = 'own.py:small'  {HERE}\n",
        ("belongs to a criterion of the grader's; give yours another name",),
    ),
    Wrong(
        "no title anywhere",
        f"{LEAST}[criteria.mine]  {HERE}\npoints = 1\ncheck = 'own.py:untitled'\n",
        ("has no title; write one, or a docstring for its function",),
    ),
    _in(
        "late", "deadline = '2026-11-20T23:59:00'", "deadline is wrong: a day and time with its zone is", name="no zone"
    ),
    _in("late", "deadline = 'next Friday'", "deadline is wrong: a day and time with its zone is", name="no moment"),
    _in("late", "per_day = 10", "per_day must be at most 1"),
    _in("late", "apply_to = 'all'", "apply_to is not a known key; did you mean applies_to"),
    # several at once
    Wrong(
        "several mistakes",
        f"{HEAD}[recipe]\nsteps = 0  {HERE}\nbatches = 64  {HERE}\n[criteria.built]\npoints = 3\n"
        f"[criteria.conv]  {HERE}\npoints = 4\n[human.text]\npoints = 'ten'  {HERE}\ntitle = 'T'\n",
        (
            "steps must be at least 1",
            "batches is not a known key",
            "did you mean convolution",
            "points must be a number",
        ),
    ),
)
"""At least 40 kinds of mistakes."""

FILES = {
    "own.py": 'NUMBER = 3\n\n\ndef small(graph, params):\n    """It is small."""\n\n\ndef narrow(graph):\n    pass\n\n\n'
    "def untitled(graph, params):\n    pass\n",
    "broken.py": "def f(:\n",
    "failing.py": "\nundefined\n",
}
"""What lies beside them."""
