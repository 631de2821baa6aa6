r"""Read Python 2 as Python 3, line n staying line n.

print "loss", loss               print("loss", loss)
except ValueError, error:   ->   except ValueError as error:
for i in xrange(0777L):          for i in range(0o777):

Only spelling is changed: `1 / 2` is 0 in Python 2 and stays a division here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from grader.source.reading.lexing import Word, words_of

_NAMES = {"xrange": "range", "raw_input": "input", "unicode": "str", "basestring": "str", "unichr": "chr"}
_METHODS = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys"}
"""What Python 3 knows under another name."""

_OLD = re.compile(rf"\b(?:{'|'.join([*_NAMES, *_METHODS])})\b")
_HEADS = frozenset("if elif else for while with try except finally def class".split())
_OCTAL = re.compile(r"0+[0-7]*[1-7][0-7]*")


def modern(text: str) -> str:
    """Return the text with what Python 2 writes otherwise; Python 3 comes back as it is."""
    return "".join(word.text for statement in _statements(_spelled(text)) for word in _rewritten(statement))


def uses_old_names(text: str) -> bool:
    """Tell whether a text mentions `xrange` and its like anywhere."""
    return _OLD.search(text) is not None


def renamed(text: str, own: frozenset[str]) -> str:
    """Replace the names that only Python 2 has, except for those that the program binds itself.

    `d.iteritems()` is a method and `xrange(3)` is none; `f(unicode=True)` names a parameter.
    """
    if not uses_old_names(text):
        return text
    words = list(words_of(text))
    code = [place for place, word in enumerate(words) if word.is_code]
    for before, place, after in zip([None, *code], code, [*code[1:], None], strict=False):
        word = words[place]
        table = _METHODS if before is not None and words[before].text == "." else _NAMES
        named = word.depth and after is not None and words[after].text == "="
        if word.kind == "name" and word.text in table and word.text not in own and not named:
            words[place] = replace(word, text=table[word.text])
    return _text(words)


def _spelled(text: str) -> list[Word]:
    """Replace numbers, strings and signs one by one."""
    words = []
    quoted = False
    for word in words_of(text):
        new = word.text
        if word.kind == "number":
            whole = new.rstrip("lL") if new[:1].isdigit() else new
            new = f"0o{whole.lstrip('0')}" if _OCTAL.fullmatch(whole) and whole[0] == "0" else whole
        elif word.kind == "string" and new[:2].lower() == "ur":
            new = new[1:]
        elif new == "<>":
            new = "!="
        elif word.kind == "sign" and new == "`":
            new = ")" if quoted else "repr("
            quoted = not quoted
        words.append(replace(word, text=new))
    return words


def _statements(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Cut words after every simple statement and after the colon of a compound one's head."""
    current: list[Word] = []
    first, lambdas = "", 0
    for word in words:
        current.append(word)
        first = first or (word.text if word.is_code else "")
        if word.depth:
            continue
        lambdas += word.text == "lambda"
        colon = word.text == ":" and first in _HEADS and not lambdas
        if word.kind == "newline" or word.text == ";" or colon:
            yield current
            current, first, lambdas = [], "", 0
        elif word.text == ":":
            lambdas = max(lambdas - 1, 0)  # each lambda has one colon of its own
    if current:
        yield current


def _rewritten(words: list[Word]) -> list[Word]:
    """Rewrite one simple statement, or the head of a compound one."""
    start = next((place for place, word in enumerate(words) if word.is_code), len(words))
    end = max((place for place, word in enumerate(words) if word.is_code and word.text != ";"), default=-1) + 1
    if start >= end or words[start].kind != "name":
        return words
    before, inside, after = words[:start], words[start + 1 : end], words[end:]
    rewrite = {"print": _print, "exec": _exec, "raise": _raise, "except": _except}.get(words[start].text)
    new = rewrite(inside) if rewrite is not None else None
    return words if new is None else [*before, words[start], Word("sign", new, 0), *after]


def _print(words: list[Word]) -> str | None:
    r"""Write `print a, b` with brackets; `print("a")` and `print = log` have no need of it."""
    code = [word for word in words if word.is_code]
    if not code:
        return "()" + _text(words)
    if _is_bracketed(words) or code[0].text in ("=", ".", ","):
        return None
    ending = ""
    if code[0].text == ">>":
        stream, _, words = _split(words[words.index(code[0]) + 1 :], ",")
        ending = f", file={_text(stream).strip()}"
    if words and words[-1].text == ",":
        words, ending = words[:-1], f'{ending}, end=" "'
    text = _text(words).lstrip(" \t")
    return f"({text}{ending if text else ending.removeprefix(', ')})"


def _exec(words: list[Word]) -> str | None:
    """Write `exec code in space` as a call."""
    if not words or _is_bracketed(words) or words[0].kind not in ("space", "string"):
        return None
    code, found, space = _split(words, "in")
    return f"({_text(code).strip()}{', ' + _text(space).strip() if found else ''})"


def _raise(words: list[Word]) -> str | None:
    """Write `raise ValueError, "bad"` as a call."""
    kind, found, rest = _split(words, ",")
    value, _, _ = _split(rest, ",")
    return f"{_text(kind)}({_text(value).strip()})" if found else None


def _except(words: list[Word]) -> str | None:
    """Write `except ValueError, error:` with `as`."""
    kind, found, name = _split(words, ",")
    return f"{_text(kind)} as {_text(name).strip()}" if found else None


def _is_bracketed(words: Sequence[Word]) -> bool:
    """Tell whether one pair of brackets is around everything: `("a")`, but not `("a"), ("b")`."""
    code = [word for word in words if word.is_code]
    outside = [word.text for word in code if word.depth == 0]
    return bool(code) and code[0].text == "(" and outside == ["(", ")"]


def _split(words: list[Word], at: str) -> tuple[list[Word], bool, list[Word]]:
    """Cut words at the first one outside of brackets that is `at`; tell whether there is one."""
    for place, word in enumerate(words):
        if word.depth == 0 and word.text == at:
            return words[:place], True, words[place + 1 :]
    return words, False, []


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words)
