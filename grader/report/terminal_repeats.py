"""What an instructor reads when a sample was graded a second time: equal to the last bit, or who was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from grader.repeats import Repeats
from grader.report.terminal_text import Line, counted, named

if TYPE_CHECKING:
    from rich.console import Console

_FURTHER = (
    "The gradebook is as it was. Next: the same command with --only ID --fresh --deterministic. Whoever is named again "
    "comes out otherwise each time on this machine; whoever is not had other numbers in the gradebook."
)


def show_repeats(console: Console, repeats: Repeats) -> None:
    """Print one line when the sample came out alike, else one more for each submission that did not."""
    differing = len(repeats.differences)
    if not repeats.of_networks:
        said = f"Nothing was repeated: no network was trained on this machine. {_without(repeats)}"
    elif differing:
        said = f"{_repeated(repeats)}: {counted(differing, 'submission')} came out otherwise. {_not_repeated(repeats)}"
    else:
        verdict = "equal to the last bit" if repeats.trainings else "none to its end"
        said = f"{_repeated(repeats)}: {verdict}. {_not_repeated(repeats)}"
    console.print(Line(Text(said.rstrip(), "yellow" if differing else "")), soft_wrap=True)
    for one in repeats.differences:
        where = Text.assemble("  ", named(one.submission), ": ", named(one.what, most=600), ".")
        console.print(Line(where), soft_wrap=True)
    if differing:
        console.print(Line(Text(_FURTHER)), soft_wrap=True)


def _repeated(repeats: Repeats) -> str:
    stopped = "Stopped before the sample was through. " if repeats.stopped else ""
    said = f"{stopped}Repeated {repeats.trainings:,} of {counted(repeats.of_trainings, 'training')}"
    if repeats.of_trainings != repeats.of_networks:
        said += f" ({repeats.networks:,} of {counted(repeats.of_networks, 'network')})"
    return f"{said} from the first byte"


def _not_repeated(repeats: Repeats) -> str:
    left = repeats.of_trainings - repeats.trainings
    others = f"the other {left:,}, " if left else ""
    said = f"Not repeated: {others}the reference, the pictures and the reading of documents."
    return f"{said} {_without(repeats)}"


def _without(repeats: Repeats) -> str:
    """Say for which submissions there was nothing to repeat."""
    kinds = ((repeats.untrained, "not trained"), (repeats.elsewhere, "trained on other hardware"))
    return " ".join(
        f"{counted(count, 'submission')} {'was' if count == 1 else 'were'} {what}." for count, what in kinds if count
    )
