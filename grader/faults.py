"""What can go wrong, and whose it is.

GraderError                 everything raised on purpose in this package
├── StudentFault            a reason in the submission; becomes a row, never an exit code 2
├── GraderFault             ours; points stay empty, exit code 3 after everything else was written
│   ├── StorageFault        the disk is full or broken; the run ends, finished work stays
│   ├── EngineFault         what runs the jobs is gone; the run ends, finished work stays
│   └── QuarantineFault     a job took several workers with it; it is not run again
└── OperatorFault           the command's own arguments; one line and exit code 2
    ├── RubricFault         a mistake in the rubric file
    ├── CourseFault         a mistake in the course file, or what it names cannot be had
    ├── DataFault           a mistake in the pictures or their labels
    ├── MissingPackageFault an optional package is not installed
    └── WallsFault          nothing stands between submissions and this machine; with the ways on
"""


class GraderError(Exception):
    """Carry one sentence each for what happened, why, and what to do.

    Attributes:
        what: what happened, a sentence that stands alone.
        why: the cause as far as it is known; empty when `what` says it.
        fix: the one thing to do next; empty when there is none.
    """

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        """Keep the three sentences; `str()` joins those that are not empty."""
        self.what, self.why, self.fix = what, why, fix
        super().__init__(" ".join(part for part in (what, why, fix) if part))


class StudentFault(GraderError):
    """The submission cannot be built, run or captured for a reason in the submission."""


class GraderFault(GraderError):
    """The grader itself failed; it never costs the student points."""


class StorageFault(GraderFault):
    """Nothing more can be written; what was finished is kept, and the same command goes on from there."""


class EngineFault(GraderFault):
    """What runs the jobs is gone; what was finished is kept, and the same command goes on from there."""


class QuarantineFault(GraderFault):
    """A job took several workers with it, so that it is not run again; whoever it is for loses no points."""


class OperatorFault(GraderError):
    """The command's own arguments, rubric or data are wrong."""


class RubricFault(OperatorFault):
    """The rubric file has mistakes; `what` names the file, and of the first of them the line and the key.

    Attributes:
        mistakes: (line, key, what is wrong with it) of each, from the top of the file; a line or key that is not known
            is 0 or empty.
    """

    def __init__(
        self, what: str, why: str = "", fix: str = "", mistakes: tuple[tuple[int, str, str], ...] = ()
    ) -> None:
        """Keep the sentences and the mistakes."""
        super().__init__(what, why, fix)
        self.mistakes = mistakes


class CourseFault(OperatorFault):
    """The course file has mistakes, or it, its rubric or its data cannot be had; `what` names the file or the URL."""


class DataFault(OperatorFault):
    """The pictures or labels handed to the grader are unusable; `what` names the file."""


class MissingPackageFault(OperatorFault):
    """An optional package that was asked for is not installed; `fix` says how to install it."""


class WallsFault(OperatorFault):
    """No walls hold on this machine, so that strangers' programs are not started.

    Attributes:
        ways: what can be done, each with its risk.
    """

    def __init__(self, what: str, why: str, ways: tuple[str, ...]) -> None:
        """Keep the ways beside the sentences."""
        super().__init__(what, why)
        self.ways = ways
