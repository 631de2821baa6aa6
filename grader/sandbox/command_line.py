"""What a program meets in place of a command line: every option at its default, and none is required."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any


def install_command_line() -> None:
    """Let `parser.parse_args()` read an empty command line, where nothing is missing.

    parser.add_argument("--epochs", type=int, required=True)      is None
    parser.add_argument("data")                                   is None
    """
    sys.argv = ["submission"]
    original: Callable[..., tuple[Any, list[str]]] = argparse.ArgumentParser.parse_known_args

    def parse_known_args(
        self: argparse.ArgumentParser, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        if args is None:
            for action in self._actions:
                action.required = False
                if not action.option_strings and action.nargs in (None, "+"):
                    action.nargs = "?" if action.nargs is None else "*"
            for group in self._mutually_exclusive_groups:
                group.required = False
        return original(self, args, namespace)

    argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign, assignment]
