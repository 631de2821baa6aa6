"""What head and nodes say to each other comes through as it was, and nothing of a submission is taken for bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.engines.wire import pack, unpack

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=40)
SHALLOW = st.dictionaries(st.text(), LEAVES | st.dictionaries(st.text(), LEAVES, max_size=3), max_size=4)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(SHALLOW)
def test_bytes_stay_where_they_stood(value: dict[str, Any]) -> None:
    """Orders and answers hold bytes in their first levels."""
    assert unpack(pack(value)) == value


@settings(max_examples=30)
@given(PLAIN)
def test_whatever_came_as_json_stays_json(claim: Any) -> None:
    """A claim may look like anything, also like what this format writes itself."""
    value = {"captured": {"claim": claim, "document": b"graph"}}
    assert unpack(pack(value)) == value


def test_bits_of_floats_and_lone_surrogates() -> None:
    """Losses keep their last bit, and file names that are no UTF-8 their letters."""
    value = {"loss": 0.1 + 0.2, "least": 5e-324, "name": "b\udce9.py", "none": float("inf")}
    assert unpack(pack(value)) == value


@pytest.mark.parametrize("value", [{"a": object()}, {"a": {1: "x"}}, {"a": {"b": {"c": {"d": b"too deep"}}}}])
def test_no_plain_values(value: Any) -> None:
    """Nothing else travels."""
    with pytest.raises(TypeError):
        pack(value)


@pytest.mark.parametrize("packed", [b"", b"\0" * 8, pack({"a": b"1234"})[:-1], (4).to_bytes(8, "little") + b"[1]x"])
def test_what_was_never_packed(packed: bytes) -> None:
    """It is said, and not taken for something."""
    with pytest.raises(ValueError):
        unpack(packed)
