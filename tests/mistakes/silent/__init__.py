"""One tiny submission in two styles or more for each silent mistake, and good models of which nothing may be said."""

from tests.mistakes.silent import behaviour, ends, looking, practising, structure
from tests.mistakes.specimen import Mistake

SILENT: tuple[Mistake, ...] = (
    *ends.MISTAKES,
    *structure.MISTAKES,
    *looking.MISTAKES,
    *behaviour.MISTAKES,
    *practising.MISTAKES,
)
