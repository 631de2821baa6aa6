"""From an error to what the student reads: the cause with its numbers, and the one thing to change.

Codes up to E38 are those of the course's catalogue; E39 (a missing module), E40 (an unknown name), E41 (not
Python), E42 (out of time), E43 (stopped for another reason), E44 (no model) and what the walls refused, E45 (the
network), E46 (other processes) and E47 (a file), continue it; so do the lines of a network that runs and cannot be
captured (E48 to E52), and what a rubric forbids to guess (E53). E00 is an error that is not in it. A new one is a
function decorated with `symptom` and a test.
"""

from grader.diagnosis.explain import SYMPTOMS, explain, explain_scene
from grader.diagnosis.graphs import explain_uncapturable
from grader.diagnosis.limits import explain_stopped
from grader.diagnosis.scene import LIVE, Explanation, Scene, Symptom, symptom

__all__ = [
    "LIVE",
    "SYMPTOMS",
    "Explanation",
    "Scene",
    "Symptom",
    "explain",
    "explain_scene",
    "explain_stopped",
    "explain_uncapturable",
    "symptom",
]
