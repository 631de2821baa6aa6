"""From accuracies and curves to thresholds: pure arithmetic on records written by hand."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import pytest

from grader.calibration import Calibration, Untrained
from grader.calibration_advice import class_seconds, convergence, proposal, separation
from grader.report.exports.calibration_json import calibration_json
from grader.report.terminal_calibration import snippet
from tests.rubrics.samples import CONVERGED, DENSE, FALLING, LINEAR, REFERENCE, SETTING, clear, poor, trial, unfinished


def test_the_line_is_the_mean_less_two_deviations() -> None:
    """0.954 with a sample deviation of 0.00412 earns full points from 0.9458; points begin at 1.5 of ten classes."""
    found = clear()
    assert found.target == pytest.approx(0.954 - 2 * 0.0041231, abs=1e-6)
    assert found.begin == pytest.approx(0.15)
    assert DENSE.best == pytest.approx(0.49 + 2 * 0.0158114, abs=1e-6)


def test_what_a_network_earns_counts_the_upper_end_of_its_interval() -> None:
    """0.49 of 1,000 pictures ends at 0.521 by Wilson, which is (0.521 - 0.15) / (0.9458 - 0.15) of 6 points."""
    found = clear()
    assert found.earned(0.49) == pytest.approx(6 * (0.5209 - 0.15) / (0.9458 - 0.15), abs=0.01)
    assert found.earned(found.target) == 6
    assert found.earned(0.05) == 0


def test_a_clear_separation() -> None:
    """The gap is the line less the dense-only network's mean plus two deviations; both deviations count together."""
    apart = separation(clear())
    assert apart.verdict == "clear"
    assert apart.gap == pytest.approx(0.945754 - 0.521623, abs=1e-5)
    assert apart.deviations == pytest.approx((0.954 - 0.49) / (0.0041231**2 + 0.0158114**2) ** 0.5, abs=0.01)


@pytest.mark.parametrize(
    ("dense", "verdict"),
    [
        ((0.90, 0.91, 0.90, 0.91, 0.90), "clear"),
        ((0.935, 0.936, 0.935, 0.936, 0.935), "narrow"),  # the interval of 0.936 ends at 0.950
        ((0.945, 0.946, 0.945, 0.946, 0.945), "none"),
        ((0.80, 0.95, 0.85, 0.90, 0.99), "none"),  # far apart, so that at best it is as good
    ],
)
def test_separation_narrows_as_dense_layers_learn_more(dense: tuple[float, ...], verdict: str) -> None:
    """The benefit of the doubt makes it narrow; the accuracy itself makes it none."""
    assert separation(replace(clear(), dense=trial("dense-only", dense))).verdict == verdict


def test_seeds_that_agree_have_no_deviations_between_them() -> None:
    """Where no seed differs from another, nobody can say how many deviations apart the networks are."""
    found = replace(clear(), reference=trial("reference", (0.9, 0.9)), dense=trial("dense-only", (0.5, 0.5)))
    assert separation(found).deviations is None
    assert separation(found).verdict == "clear"


def test_a_loss_that_levels_out_has_converged() -> None:
    """From 0.145 to 0.105 is 2 % of the fall from 2.3; a straight line falls a quarter of its way in a fifth."""
    done = convergence(trial("reference", (0.9, 0.9), losses=CONVERGED))
    assert done.before == pytest.approx(0.1455)
    assert done.last == pytest.approx(0.1055)
    assert done.share == pytest.approx(0.04 / (2.3 - 0.105), abs=1e-4)
    assert done.converged
    going = convergence(trial("reference", (0.9, 0.9), losses=FALLING))
    assert going.share == pytest.approx(0.2 / 0.85, abs=1e-4)
    assert not going.converged


@pytest.mark.parametrize("losses", [(2.3,), (2.3, 2.2), (2.3, 2.4, 2.5), (2.3, 2.3, 2.3, 2.3, 2.3)])
def test_a_short_or_rising_curve_has_not_converged(losses: tuple[float, ...]) -> None:
    """A recipe of a few steps has few points on its curve, and a loss that never fell has learnt nothing."""
    assert not convergence(trial("reference", (0.1, 0.1), losses=losses)).converged


def test_a_pass_mark_above_dense_layers_stays() -> None:
    """The dense-only network earns 3.03 at best, so the mark of 3 goes up to 3.5, and a mark of 4 stays."""
    wanted = proposal(clear())
    assert wanted.dense == pytest.approx(3.03, abs=0.01)
    assert (wanted.points, wanted.pass_at, wanted.chance, wanted.steps) == (6, 3.5, 1.5, None)
    assert wanted.reasons == ("At 3 points the dense-only network could pass: it earns up to 3.03.",)
    kept = proposal(replace(clear(), setting=replace(SETTING, pass_at=4)))
    assert (kept.pass_at, kept.reasons) == (4, ())


@pytest.mark.parametrize(("points", "pass_at"), [(1, 0.6), (6, 3.5), (20, 10.5)])
def test_a_proposed_pass_mark_is_round_and_keeps_dense_layers_out(points: float, pass_at: float) -> None:
    """Halves, or tenths where there are few points; always above what is earned and never above the points."""
    wanted = proposal(replace(clear(), setting=replace(SETTING, points=points, pass_at=0)))
    assert wanted.dense is not None
    assert wanted.dense < wanted.pass_at <= points
    assert wanted.pass_at == pass_at


def test_a_mark_cannot_tell_apart_what_is_the_same() -> None:
    """Where dense layers earn all points at best, no mark keeps them out; it stays and the way on is said."""
    wanted = proposal(poor())
    assert separation(poor()).verdict == "none"
    assert (wanted.dense, wanted.pass_at, wanted.steps) == (6, 3, None)
    assert "No pass mark keeps the dense-only network out" in wanted.reasons[0]
    assert "take a reference that learns more" in wanted.reasons[-1]


def test_points_begin_where_a_linear_network_ends() -> None:
    """A linear network with 35 % of ten classes earns a quarter of the points and more, until they begin at 3.6."""
    found = replace(clear(), linear=trial("linear", (0.353, 0.350, 0.356, 0.352, 0.354)))
    earns = found.share(0.353)
    assert earns is not None
    assert earns > 0.25
    wanted = proposal(found)
    assert wanted.chance == 3.6
    assert (found.share(0.353, wanted.chance) or 0) < 0.05
    assert "at 36.0 %" in wanted.reasons[0]


def test_chance_stays_where_raising_it_changes_nothing() -> None:
    """Near the reference the points would climb too fast, so they begin lower anyway."""
    assert proposal(poor()).chance == 1.5


def test_more_steps_while_the_reference_still_learns() -> None:
    """Twice the steps are proposed, whatever the separation."""
    wanted = proposal(unfinished())
    assert wanted.steps == 1000
    assert (wanted.pass_at, wanted.dense) == (3, None)


def test_a_reference_at_chance_has_no_line() -> None:
    """Nothing can be earned where the reference's line does not lie above the beginning."""
    found = replace(clear(), reference=trial("reference", (0.11, 0.10, 0.12), losses=(2.3, 2.3, 2.3, 2.3, 2.3)))
    assert found.line() is None
    assert found.earned(0.9) is None
    assert proposal(found).dense is None
    assert json.loads(json.dumps(calibration_json(found), allow_nan=False))["networks"][0]["earns"] is None


def test_the_time_of_a_class() -> None:
    """30 trainings of 8 s, 5 of the reference and 30 captures of a second, by 2 workers; three seeds cost thrice."""
    assert class_seconds(clear()) == pytest.approx((35 * 8 + 30) / 2)
    thrice = replace(clear(), setting=replace(SETTING, repeats=3, workers=1))
    assert class_seconds(thrice) == pytest.approx(95 * 8 + 30)


@pytest.mark.parametrize("found", [clear(), poor(), unfinished()])
def test_the_snippet_is_toml_with_the_proposal(found: Calibration) -> None:
    """What is to be pasted can be read as TOML; other numbers of the criterion stay."""
    text = "\n".join(snippet(found, {"extra": 2.0}))
    plain, wanted = tomllib.loads(text), proposal(found)
    assert plain["criteria"]["accuracy"] == {
        "points": wanted.points, "pass_at": wanted.pass_at, "chance": wanted.chance, "extra": 2,
    }  # fmt: skip
    assert plain.get("recipe") == (None if wanted.steps is None else {"steps": wanted.steps})


def test_json_holds_everything() -> None:
    """Accuracies, curves and seconds of every seed, the verdicts, the proposal, and who could not be trained."""
    plain = json.loads(json.dumps(calibration_json(unfinished()), allow_nan=False))
    assert plain["version"] == 1
    assert [one["name"] for one in plain["networks"]] == ["reference", "linear"]
    assert plain["networks"][0]["accuracies"] == [0.55, 0.65]
    assert plain["networks"][0]["curves"][1][0] == pytest.approx([50, 2.301])
    assert plain["untrained"][0]["name"] == "dense-only"
    assert plain["separation"] == {"verdict": "unknown", "gap": None, "deviations": None}
    assert plain["proposal"]["steps"] == 1000
    assert plain["setting"]["students"] == 30


def test_all_networks_that_were_trained_are_shown() -> None:
    """The reference comes first; one that could not be trained is left out."""
    assert [one.name for one in clear().trials] == ["reference", "dense-only", "linear"]
    both = Calibration(SETTING, REFERENCE, Untrained("dense-only", "no"), LINEAR)
    assert [one.name for one in both.trials] == ["reference", "linear"]
