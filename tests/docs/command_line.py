"""`docs/reference/command_line.md`: every command with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from grader.cli import EXIT_CODES, app
from tests.docs.tables import code, opening, table


def page() -> str:
    """Return the page."""
    says = (
        "What `grader COMMAND --help` says, on one page. Options may be added in a later version; none is renamed, and "
        "the exit codes stay."
    )
    root = typer.main.get_command(app)
    codes = [line.split(maxsplit=1) for line in EXIT_CODES.splitlines() if line.startswith("  ")]
    exits = table(("exit code", "when"), ((code(number), meaning) for number, meaning in codes))
    sections = "".join(_section(name, command) for name, command in _commands(root, "grader"))
    return f"{opening('The command line', says)}\n{exits}{sections}"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield every command by its whole name, in the order of `--help`; groups themselves but for the program."""
    parts = getattr(command, "commands", None)
    if parts is None or name == "grader":
        yield name, command
    for part, one in (parts or {}).items():
        yield from _commands(one, f"{name} {part}")


def _section(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=name)
    usage = command.get_usage(context).removeprefix("Usage: ")
    records = [one.get_help_record(context) for one in command.get_params(context)]
    rows = [(code(names), text) for names, text in (one for one in records if one is not None)]
    text = command.help.split("\b")[0].strip()
    return f"\n## {name}\n\n{text}\n\n```text\n{usage}\n```\n\n{table(('word', 'meaning'), rows)}"
