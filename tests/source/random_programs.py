"""Random programs over a handful of names, to compare a slice with the whole."""

from __future__ import annotations

from random import Random

HEAD = """
a = [1]
b = [2]
c = [3]
d = [4]
def f0(): return a
def f1(): return b
def f2(): return 0
def g0(x): return x
def g1(x): return x
class C0:
    def __init__(self): self.k = [0]
    def m(self): return 0
    def e(self): pass
class C1(C0):
    pass
o0 = C0()
o1 = C1()
h = lambda: 0
"""

SHAPES = (
    "{a} = [{n}]",
    "{a} = {b}",
    "{a} = [{b}, {c}]",
    "{a}, {b} = {c}, {d}",
    "{a} = {b} = [{n}]",
    "{a} = [x for x in {b}]",
    "{a}.append({n})",
    "{a} += [{n}]",
    "{a}[0] = {n}",
    "del {a}[0]",
    "def f{i}(): return [{a}[:]]",
    "def f{i}(): return [{a}[:], f2()]",
    "def f2(): return {a}",
    "def g{i}(x): x.append({n})",
    "def g{i}(x): return {a}",
    "def g{i}(x): return x",
    "def g{i}(x):\n    global {a}\n    {a} = [x, {n}]",
    "g{i}({a})",
    "{a} = g{i}({b})",
    "{a} = f{i}()",
    "if len({a}) > 1:\n    {b} = [{n}]",
    "if len({a}) > 1:\n    {b} = {c}\nelse:\n    {d} = [{n}]",
    "if (size := len({a})) > 1:\n    {b} = [size]",
    "for x in (1, 2):\n    {a}.append(x)",
    "for x in (1, 2):\n    {a} = {b}\n    {c} = [x]",
    "for x in ({a}, {b}):\n    x.append({n})",
    "try:\n    {a} = {b}[5]\nexcept IndexError:\n    {c} = [{n}]",
    "class C{i}:\n    def __init__(self): self.k = [0]\n    def m(self): return {a}\n    def e(self): self.k.append({n})",
    "class C{i}:\n    def __init__(self): self.k = {a}\n    def m(self): return [self.k, {b}]\n    def e(self): self.k = [{n}]",
    "o{i} = C{j}()",
    "o{i}.e()",
    "o{i}.k = {a}",
    "{a} = [o{i}.m()]",
    "{a} = o{i}.k",
    "h = lambda: {a}",
    "{a} = [h()]",
)
"""Statements; `{a}` to `{d}` are names of lists, `{i}` and `{j}` numbers of functions, classes and objects."""


def random_program(seed: int) -> str:
    """Return a program that leaves something under `model`; not every one runs through."""
    random = Random(seed)

    def line(shape: str) -> str:
        names = {name: random.choice("abcd") for name in "abcd"}
        return shape.format(**names, n=random.randint(1, 9), i=random.randint(0, 1), j=random.randint(0, 1))

    body = [line(random.choice(SHAPES)) for _ in range(random.randint(3, 14))]
    return "\n".join([HEAD, *body, line(random.choice(("model = {a}", "model = [{a}, o{i}]")))])
