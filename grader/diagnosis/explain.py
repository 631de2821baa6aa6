"""Find the first symptom that fits an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.diagnosis import classes, limits, loop, maps, rows, saved, spelling, values, walls
from grader.diagnosis.scene import Explanation, Scene, Symptom
from grader.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from grader.records import Break, Examination, Shape


def _symptoms(modules: Sequence[ModuleType]) -> tuple[Symptom, ...]:
    return tuple(found for module in modules for found in vars(module).values() if isinstance(found, Symptom))


SYMPTOMS = _symptoms((limits, walls, values, loop, rows, maps, saved, spelling, classes))
"""Every symptom in the order in which it is tried: the special ones of a module stand before the general ones."""


def explain(broke: Break, examination: Examination | None, classes: int, shape: Shape) -> Explanation:
    """Explain where the student's code stopped; code `E00` repeats Python's own words."""
    return explain_scene(Scene(broke, examination.layers if examination else (), classes, shape))


def explain_scene(scene: Scene) -> Explanation:
    """Explain an error by everything around it; code `E00` repeats Python's own words."""
    broke = scene.broke
    for one in SYMPTOMS:
        said = one.recognise(scene)
        if said:
            return Explanation(one.code, *said)
    line = f"The line `{broke.source}` stopped" if broke.source else "The program stopped"
    words = f"{broke.kind}: {broke.message}" if broke.message else broke.kind
    return Explanation("E00", sentence(f"{line}. Python says {words}"))
