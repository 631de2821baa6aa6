"""`check()` in a notebook: the same as `grader check`, for who has no terminal.

Nothing here imports torch or IPython; where a kernel runs, both are there already.
"""

from grader.notebook.asking import Refused, Request, ask
from grader.notebook.shown import Checked

__all__ = ["Checked", "Refused", "Request", "ask"]
