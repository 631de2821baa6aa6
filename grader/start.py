"""The program `grader`: a plain check goes straight to the warm helper, everything else to the command line.

Words that are more than `check FILE` and `--json` are left to the command line, whose parser takes longer to import
than a helper takes to start its answer.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the program."""
    asked = plain_check(sys.argv[1:])
    if asked is not None:
        from grader.asking import answered, settled
        from grader.faults import CourseFault, OperatorFault

        try:
            code = answered(settled(asked))
        except KeyboardInterrupt:
            sys.exit(130)
        except CourseFault as fault:  # nothing is fetched twice to be told the same
            from grader import cli

            cli.complain(fault)
            sys.exit(2)
        except OperatorFault:
            asked = code = None  # the command line has the words for it
        if code is not None:
            sys.exit(code)
    from grader import cli

    cli.main(helper_asked=asked is not None)


def plain_check(words: list[str]) -> dict[str, object] | None:
    """Return what `check FILE` or `check FILE --json` asks, as the command line would; None for any other words."""
    if words[:1] != ["check"]:
        return None
    files = [word for word in words[1:] if word != "--json"]
    if len(files) != 1 or files[0].startswith("-"):
        return None
    return {
        "submission": str(Path(files[0])),
        "rubric": None,
        "data": None,
        "train": False,
        "shape": None,
        "classes": None,
        "device": "auto",
        "isolation": "auto",
        "as_json": "--json" in words,
        "course": None,
        "fresh": False,
    }


if __name__ == "__main__":
    main()
