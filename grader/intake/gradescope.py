"""Read the table that comes with a Gradescope export: whose each folder is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import yaml

from grader.intake.names import Sign
from grader.records import Member

METADATA = "submission_metadata.yml"
MAX_DEPTH = 100

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Parser):  # type: ignore[misc]  # the compiled loader has no types
    """`yaml.safe_load` that also survives the tags of Ruby's classes and leaves merge keys alone."""

    def flatten_mapping(self, node: Any) -> None:
        """Merge nothing: `<<` with anchors of anchors grows without end."""


def _plain(loader: Any, _: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


_Loader.add_multi_constructor("!", _plain)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def read_metadata(blob: bytes) -> dict[str, Sign]:
    """Return what the table says by the name of a folder (`submission_123`) or file.

    Raises:
        ValueError: it is not such a table.
    """
    try:
        text = blob.decode("utf-8-sig")
        _check_depth(text)
        plain = yaml.load(text, Loader=_Loader)  # noqa: S506  derived from the safe one
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise ValueError(f"{METADATA} cannot be read: {str(error).splitlines()[0][:200]}") from error
    if not isinstance(plain, dict):
        raise ValueError(f"{METADATA} is not a table of submissions")  # noqa: TRY004  its content, not an argument
    signs = {str(name): _sign(str(name), one) for name, one in plain.items() if isinstance(one, dict)}
    shared = Counter(sign.id for sign in signs.values())
    return {name: sign if shared[sign.id] == 1 else _by_number(name, sign) for name, sign in signs.items()}


def _check_depth(text: str) -> None:
    """Raise YAMLError for a text nested so deep that the compiled reader would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_Parser):
        depth += isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent))
        depth -= isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent))
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"it is nested more than {MAX_DEPTH} deep")


def _sign(name: str, about: Mapping[Hashable, Any]) -> Sign:
    listed = about.get(":submitters")
    people = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    members = tuple(one for one in map(_member, people) if one.name)
    number = _number(name)
    sid = members[0].id if len(people) == len(members) == 1 else ""
    email = members[0].email if members else ""
    together = members if len(members) > 1 else ()
    names = [one.name for one in members]
    group = tuple(names) if together else ()
    return Sign(
        "Gradescope",
        name,
        sid or number,
        ", ".join(names) or number,
        "",
        email=email,
        group=group,
        members=together,
        handed_in=_moment(_text(about.get(":created_at"))),
    )


def _moment(text: str) -> str:
    """Return `2026-11-20 23:58:10.123456000 -08:00` in ISO 8601; empty for what is no time with a zone."""
    try:
        found = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d|Z$)", "", text.replace(" UTC", "Z")))
    except ValueError:
        return ""
    return found.isoformat(timespec="seconds") if found.tzinfo is not None else ""


def _member(about: Mapping[Hashable, Any]) -> Member:
    email = _text(about.get(":email"))
    return Member(_text(about.get(":sid")), _text(about.get(":name")) or email, email)


def _by_number(name: str, sign: Sign) -> Sign:
    """Go by the submission's number where two submissions claim one student id."""
    return replace(sign, id=_number(name))


def _number(name: str) -> str:
    return name.removeprefix("submission_").removesuffix(".pdf")


def _text(value: object) -> str:
    return str(value).strip()[:300] if isinstance(value, (str, int)) else ""
