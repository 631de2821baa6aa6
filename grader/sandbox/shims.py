"""What the student's code meets instead of a GPU, a missing package, a missing file or a compiler.

Everything here works inside the sandboxed child only. None of it is priced: a hard-coded GPU or a missing
package says nothing about convolutional networks.
"""

from __future__ import annotations

from grader.sandbox.command_line import install_command_line
from grader.sandbox.devices import OnThisMachine, TooLargeError, install_devices
from grader.sandbox.exportable import install_for_export, install_plain_precision, install_plain_programs
from grader.sandbox.optimisers import install_optimisers
from grader.sandbox.standins.finder import MissingFinder, missing_packages
from grader.sandbox.standins.missing import Missing, refuse
from grader.sandbox.standins.origin import NotHereError
from grader.sandbox.weights import install_weights

__all__ = [
    "Missing",
    "MissingFinder",
    "NotHereError",
    "OnThisMachine",
    "TooLargeError",
    "install_command_line",
    "install_devices",
    "install_for_export",
    "install_optimisers",
    "install_plain_precision",
    "install_plain_programs",
    "install_weights",
    "missing_packages",
    "refuse",
]
