"""What changed between two reports, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.comparison import LayerKind, Version, compare, intervals_overlap
from grader.comparison.causes import TABLES
from grader.orders import CAPTURE_PARTS
from grader.pipeline import SCORE_PARTS
from grader.records import CurvePoint, Keys, Layer, Outcome, Report
from grader.report.curve import sparkline
from grader.rubric import Rubric
from tests.report import samples

from .story import BROKEN, CPU, MENDED, RUBRIC, dearer, entry, mended, run_of, scored, trained, with_outcome

NETWORK = samples.LENET


def changes(before: Report, after: Report) -> list[tuple[str, str, list[str]]]:
    """Return what became of which layer, and which of its facts changed."""
    found = compare(Version(entry(before), run_of()), Version(entry(after, 2), run_of(2)))
    return [
        (one.kind.value, (one.after or one.before or NETWORK[0]).name, [detail.what for detail in one.details])
        for one in found.layers
    ]


def with_layers(*layers: Layer) -> Report:
    """Return a report on a network of these layers."""
    return replace(samples.good(), layers=layers)


def test_an_inserted_block_is_an_insertion() -> None:
    """A second convolution and its activation are new; no other layer is, but for the shapes that follow."""
    extra = samples.conv("extra", 12, ((16, 32, 32), (16, 32, 32)), 2320, kernel_size=[3, 3], padding=[1, 1])
    after = (*NETWORK[:2], extra, samples.relu(12, (16, 32, 32)), *NETWORK[2:])
    assert changes(with_layers(*NETWORK), with_layers(*after)) == [("added", "extra", []), ("added", "relu", [])]
    assert changes(with_layers(*after), with_layers(*NETWORK)) == [("removed", "extra", []), ("removed", "relu", [])]


def test_a_wider_layer_is_a_change_with_its_ripple() -> None:
    """What was set is said with it; layers whose shapes only follow are told apart."""
    wide = replace(NETWORK[0], outputs=(24, 32, 32), parameters=672)
    follows = replace(NETWORK[1], inputs=(24, 32, 32), outputs=(24, 32, 32))
    found = compare(
        Version(entry(with_layers(*NETWORK)), run_of()),
        Version(entry(with_layers(wide, follows, *NETWORK[2:]), 2), run_of(2)),
    )
    first, second = found.layers
    assert [one.what for one in first.details] == ["out", "parameters"]
    assert (first.only_shapes, second.only_shapes) == (False, True)
    assert found.words == ("network",)


def test_another_kind_of_pool_is_a_change() -> None:
    """Max-pooling that became average pooling is one layer that changed; a pool that became a norm is two."""
    average = replace(NETWORK[2], op="avg_pool2d")
    assert changes(with_layers(*NETWORK), with_layers(*NETWORK[:2], average, *NETWORK[3:])) == [
        ("changed", "pool", ["operator"])
    ]
    replaced = with_layers(*NETWORK[:2], samples.conv("c", 1, NETWORK[2:3] and ((1, 1, 1), (1, 1, 1)), 2), *NETWORK[3:])
    assert {kind for kind, _, _ in changes(with_layers(*NETWORK), replaced)} == {"removed", "added"}


def test_a_setting_is_said_by_its_name() -> None:
    """A stride that changed is said as `stride`, with both values."""
    moved = replace(NETWORK[3], settings={**NETWORK[3].settings, "stride": [1, 1]})
    found = compare(
        Version(entry(with_layers(NETWORK[3])), run_of()), Version(entry(with_layers(moved), 2), run_of(2))
    ).layers
    assert found[0].kind is LayerKind.CHANGED
    assert [(one.what, one.before, one.after) for one in found[0].details] == [("stride", "2×2", "1×1")]


def test_a_line_that_moved_is_no_change() -> None:
    """Where a layer stands in the source is not part of the network."""
    assert not changes(
        with_layers(*NETWORK), with_layers(*(replace(one, where=one.where.__class__()) for one in NETWORK))
    )


def why(
    before: Report, after: Report, *, rubric: str = RUBRIC, torch: str = "2.13.0", same_code: bool = False
) -> dict[str, tuple[str, ...]]:
    """Return the causes of each key that changed."""
    old = Version(entry(before), run_of(), BROKEN)
    new = Version(entry(after, 2), run_of(2, rubric, torch), BROKEN if same_code else MENDED)
    return {one.key: one.causes for one in compare(old, new).reasons if one.changed}


def keyed(report: Report, capture: str = "a", training: str = "b", score: str = "c") -> Report:
    """Return the report with short keys."""
    return replace(report, keys=Keys(capture, training, score))


def test_equal_reports_have_no_difference() -> None:
    """Graded again with --fresh, with another duration: nothing changed."""
    again = replace(mended(), training=replace(trained(mended()), seconds=99.0))
    found = compare(Version(entry(mended()), run_of(), MENDED), Version(entry(again, 2), run_of(2), MENDED))
    assert not found.changed
    assert not any(one.changed for one in found.reasons)


def test_each_key_is_explained_by_what_it_is_made_from() -> None:
    """Files, recipe, hardware, points and reference each come out at their key, and nothing else does."""
    base = keyed(mended())
    assert why(base, keyed(mended(), capture="x")) == {"capture": ("the files",)}
    assert why(base, keyed(mended(), capture="x"), same_code=True, torch="2.14.0") == {
        "capture": ("the files, not their code",)
    }
    recipe = RUBRIC.replace("500", "600")
    assert why(base, keyed(mended(), training="x", score="x"), rubric=recipe) == {
        "training": ("the rubric's recipe.steps",),
        "score": ("the network's answers",),
    }
    gpu = keyed(
        replace(mended(), training=replace(trained(mended()), hardware={**CPU, "processor": "new"})), training="x"
    )
    assert why(base, gpu)["training"] == ("the hardware (processor)",)
    points = RUBRIC.replace("points = 4", "points = 8")
    assert why(base, keyed(dearer(), score="x"), rubric=points) == {"score": ("the rubric's criteria.conv.points",)}
    assert base.score
    other = replace(base.score, reference=replace(samples.REFERENCE, mean=0.5))
    assert why(base, keyed(replace(mended(), score=other), score="x")) == {"score": ("the reference's accuracy",)}


def test_another_torch_is_a_cause() -> None:
    """A new PyTorch captures anew; the report says which version there was."""
    after = replace(keyed(mended(), capture="x"), versions={"grader": "0.1.0", "torch": "2.14.0"})
    assert why(keyed(mended()), after, same_code=True) == {"capture": ("PyTorch's version",)}


def test_a_key_that_is_missing_is_said() -> None:
    """A network that could not be trained has no training to compare."""
    assert why(keyed(mended(), training=""), keyed(mended()))["training"] == ("there was none before",)


def test_settings_that_nobody_met_are_a_change() -> None:
    """A limit of the rubric changed and no number did: the word is `settings`."""
    limits = RUBRIC + "[limits]\ncapture_seconds = 30\n"
    old, new = (
        Version(entry(mended()), run_of(), MENDED),
        Version(entry(replace(mended(), keys=replace(mended().keys, capture="x")), 2), run_of(2, limits), MENDED),
    )
    found = compare(old, new)
    assert found.words == ("settings",)
    assert found.reasons[0].causes == ("the rubric's limits.capture_seconds",)


@pytest.mark.parametrize("rubric", ["not = [toml", ""])
def test_a_rubric_that_cannot_be_read_is_no_obstacle(rubric: str) -> None:
    """What an old run recorded may be unreadable today; the rest is compared all the same."""
    assert why(keyed(mended()), keyed(mended(), score="x"), rubric=rubric)["score"]


def test_points_are_compared_by_criterion() -> None:
    """A criterion is listed where its outcome, points or maximum changed, or where the rubric lacks it on one side."""
    before = mended()
    after = with_outcome(before, "conv", Outcome.FAILED)
    after = replace(after, findings=tuple(one for one in after.findings if one.criterion != "pool"))
    found = compare(Version(entry(before), run_of()), Version(entry(after, 2), run_of(2)))
    assert [(one.criterion, one.after is None) for one in found.points] == [("conv", False), ("pool", True)]
    assert found.points[1].title == samples.POOL.title


def test_intervals() -> None:
    """Intervals that touch overlap."""
    one, other, far = (scored(samples.good(), 0.5, bounds).score for bounds in ((0.4, 0.6), (0.6, 0.7), (0.61, 0.7)))
    assert one
    assert other
    assert far
    assert intervals_overlap(one, other)
    assert not intervals_overlap(far, one)


def test_every_table_of_a_rubric_belongs_to_its_keys() -> None:
    """What a key is made from is the same here and where the key is made; a new table must be put somewhere."""
    assert TABLES["capture"] == CAPTURE_PARTS
    assert TABLES["score"] == SCORE_PARTS
    # The reference is compared by its accuracy; when students see what decides no point.
    elsewhere = {"version", "reference", "gradescope"}
    assert {*Rubric.model_fields} - elsewhere == {table for tables in TABLES.values() for table in tables}


@pytest.mark.parametrize(
    ("losses", "drawn"),
    [
        ([], ""),
        ([2.0], "▁"),
        ([2.0, 2.0], "▁▁"),
        ([8, 7, 6, 5, 4, 3, 2, 1], "█▇▆▅▄▃▂▁"),
        ([2.0, float("nan"), 1.0], "█!▁"),
        ([float("inf")] * 2, "!!"),
    ],
)
def test_a_curve_is_drawn(losses: list[float], drawn: str) -> None:
    """High losses are tall; what is no number is marked and does not hide the rest."""
    assert sparkline([CurvePoint(step, loss) for step, loss in enumerate(losses)]) == drawn


def test_a_long_curve_fits() -> None:
    """A thousand points are drawn as means of neighbours."""
    drawn = sparkline([CurvePoint(step, 1000 - step) for step in range(1000)])
    assert len(drawn) == 40
    assert (drawn[0], drawn[-1]) == ("█", "▁")
