"""The loud mistakes of the catalogue, E01 to E38, as tiny submissions."""

from tests.mistakes.loud.classes import CLASSES
from tests.mistakes.loud.ends import ENDS
from tests.mistakes.loud.maps import MAPS
from tests.mistakes.loud.rows import ROWS
from tests.mistakes.loud.spelling import SPELLING
from tests.mistakes.specimen import Mistake

LOUD: tuple[Mistake, ...] = (*ROWS, *MAPS, *CLASSES, *SPELLING, *ENDS)
"""Every submission, in the order of the families in `grader.diagnosis`."""
