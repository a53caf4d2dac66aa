"""The figures that the comparison charts draw, worked by hand, and the entries of trials."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pandas as pd
import pytest

from seqbench.palette import COLOURS
from seqbench.store.plan_file import PlanFile
from seqbench.store.results import results_of
from seqbench.tracking.comparison import comparison_entries, run_colours
from seqbench.tracking.runs import Point, RunContent, clip
from seqbench.tracking.saved_view import BY_DISTANCE, HORIZON
from seqbench.tracking.trial_runs import CURVE_POINTS, param_names, trial_entries
from seqbench.tracking.writer import plain_text
from tests.tracking.frames import grid, snapshot, trial

NO_PROBES = results_of([], PlanFile()).probes


def figures(rows: pd.DataFrame) -> dict[tuple[str, int], float]:
    (entry,) = comparison_entries(rows, NO_PROBES, "adding", ["a"], (10, 30), "toy", created=0)
    return {(point.metric, point.step): point.value for point in entry.points}


def test_the_middle_seed_the_worst_and_the_share_solved(tmp_path: Path) -> None:
    rows = snapshot(grid({"a": {10: [0.95, 0.7, 0.5, 0.9]}}), tmp_path).results.trials
    found = figures(rows)
    assert found["accuracy_vs_length", 10] == pytest.approx(0.8)
    assert found["worst_seed_accuracy_vs_length", 10] == 0.5
    assert found["solve_rate_vs_length", 10] == 0.5
    assert found["seeds_vs_length", 10] == 4
    assert found["diverged_share_vs_length", 10] == 0


def test_a_seed_that_diverged_counts_as_zero(tmp_path: Path) -> None:
    third, half = (
        snapshot(grid({"a": {10: seeds}}), tmp_path).results.trials for seeds in ([1.0, 0.6, None], [1.0, None])
    )
    assert figures(third)["accuracy_vs_length", 10] == 0.6
    assert figures(third)["worst_seed_accuracy_vs_length", 10] == 0
    assert figures(third)["diverged_share_vs_length", 10] == pytest.approx(1 / 3)
    assert figures(third)["gradient_norm_vs_length", 10] == 0.1
    assert figures(half)["accuracy_vs_length", 10] == 0.5


def test_the_gradient_by_distance_is_the_median_of_the_longest_length_before_training(tmp_path: Path) -> None:
    trials = grid({"a": {10: [1.0, 1.0], 30: [1.0, 0.5, None]}})
    for one, at in zip(trials, (9.0, 9.0, 1.0, 2.0, 4.0), strict=True):
        curve = [(0, 0, 5.0), (0, 1, at), (0, 20, at / 10), (0, 30, math.inf if at < 4 else 1.0), (300, 1, 77.0)]
        one["probes"] = [
            {"step": step, "probe": "gradient_norm", "distance": distance, "value": value}
            for step, distance, value in curve
        ]
    taken = snapshot(trials, tmp_path)
    entries = comparison_entries(
        taken.results.trials, taken.results.probes, "adding", ["a"], (10, 30), "toy", created=0
    )
    (entry,) = entries
    found = {point.step: point.value for point in entry.points if point.metric == BY_DISTANCE}
    assert found == {1: math.log10(2.0), 20: pytest.approx(math.log10(0.2))}  # 30: infinite median; 0: not on the axis


def test_a_gradient_of_zero_stands_below_every_other(tmp_path: Path) -> None:
    one = trial("a", 10, 0, 1.0)
    one["probes"] = [
        {"step": 0, "probe": "gradient_norm", "distance": distance, "value": value}
        for distance, value in ((1, 1e-30), (2, 0.0), (3, None))
    ]
    taken = snapshot([one], tmp_path)
    (entry,) = comparison_entries(taken.results.trials, taken.results.probes, "adding", ["a"], (10,), "toy", created=0)
    found = {point.step: point.value for point in entry.points if point.metric == BY_DISTANCE}
    assert found == {1: pytest.approx(-30.0), 2: -31}  # 3 was not measured


def test_norms_before_and_after_clipping_are_medians_of_a_method(tmp_path: Path) -> None:
    trials = grid({"a": {10: [1.0, 1.0, 1.0]}})
    for one, before, after in zip(trials, (1.0, 3.0, 5.0), (0.1, 0.3, math.inf), strict=True):
        one["row"] |= {"gradient_norm": before, "gradient_norm_after": after}
    found = figures(snapshot(trials, tmp_path).results.trials)
    assert found["gradient_norm_vs_length", 10] == 3.0
    assert found["gradient_norm_after_vs_length", 10] == 0.3  # an infinite norm counts as the largest


def test_norms_before_and_after_clipping_are_curves_of_a_trial(tmp_path: Path) -> None:
    one = trial("a", 10, 0, 1.0)
    one["curve"] = [{"step": 10, "gradient_norm": 3.0, "gradient_norm_after": 1.0, "seconds": 1.0}]
    taken = snapshot([one], tmp_path)
    (entry,) = trial_entries(taken.results.trials, taken.results.curves, "toy", {}, {})
    found = {point.metric: (point.step, point.value) for point in entry.points if point.step}
    assert found == {"gradient_norm": (10, 3.0), "gradient_norm_after": (10, 1.0)}


@pytest.mark.parametrize(
    ("seeds", "octaves"),
    [  # log2(30 / 10) each
        ({10: [1.0, 1.0], 30: [1.0, 0.5]}, 3 / 4),
        ({10: [1.0, 1.0, 1.0], 30: [1.0, 0.5, 0.5]}, 2 / 3),
        ({10: [0.5, 0.5], 30: [1.0, 1.0]}, 1),  # contradicting: the furthest that contradicts one
        ({30: [1.0, 1.0]}, 1),  # what is solved decides of what is shorter
        ({10: [1.0, 1.0, 1.0], 30: [1.0]}, 1),  # the others may be as those that have finished
        ({10: [None, None, 1.0]}, 1 / 6),
    ],
)
def test_the_horizon_in_steps(seeds: dict[int, list[float | None]], octaves: float, tmp_path: Path) -> None:
    found = figures(snapshot(grid({"a": seeds}), tmp_path).results.trials)
    assert found[HORIZON[0], 0] == pytest.approx(10 * 3**octaves)
    assert (HORIZON[1], 0) not in found, "no interval below five seeds"


def test_the_horizon_has_its_interval(tmp_path: Path) -> None:
    found = figures(snapshot(grid({"a": {10: [1.0] * 6, 30: [1.0] * 3 + [0.5] * 3}}), tmp_path).results.trials)
    low, middle, high = (found[name, 0] for name in (HORIZON[1], HORIZON[0], HORIZON[2]))
    assert middle == pytest.approx(10 * 3**0.75)
    assert 10 <= low < middle < high <= 30


@pytest.mark.parametrize("count", [1, 7, 8, 36, 60])
def test_every_method_has_a_colour_of_its_own_that_of_the_report(count: int) -> None:
    colours = list(run_colours([f"method {place}" for place in range(count)]).values())
    assert len(set(colours)) == count
    assert colours[:7] == list(COLOURS[:count])


def test_long_curves_are_thinned_to_their_ends_and_evenly_between(tmp_path: Path) -> None:
    one = trial("a", 10, 0, 1.0)
    one["curve"] = [
        {"step": step, "train_loss": math.nan if step == 1 else 1.0, "seconds": 1.0} for step in range(1, 1001)
    ]
    taken = snapshot([one], tmp_path)
    (entry,) = trial_entries(taken.results.trials, taken.results.curves, "toy", {"a": "#000000"}, {})
    steps = [point.step for point in entry.points if point.metric == "train_loss"]
    assert len(steps) == CURVE_POINTS - 1  # the first is not a number
    assert steps[-1] == 1000
    assert {later - earlier for earlier, later in itertools.pairwise(steps)} <= {52, 53}
    assert all(math.isfinite(point.value) for point in entry.points)


def test_an_unfinished_trial_is_not_mirrored(tmp_path: Path) -> None:
    taken = snapshot(grid({"a": {10: [1.0, 1.0]}}), tmp_path)
    taken.results.trials.loc[1, "outcome"] = None
    assert [entry.key for entry in trial_entries(taken.results.trials, taken.results.curves, "toy", {}, {})] == [
        "adding/a/10/0"
    ]


def test_param_names_are_taken_by_mlflow_and_stay_apart() -> None:
    names = param_names(["gating", "a/b", "a\\b", "a\nb", "../x", "é", "", "/"])
    assert len(set(names.values())) == len(names)
    assert names["gating"] == "gating"
    assert not any(set("/\\\n") & set(name) or name.startswith(".") or not name for name in names.values())


def test_the_digest_sees_content_and_not_the_time() -> None:
    entry = RunContent("k", "name", {"tag": "1"}, {"param": "1"}, (Point("m", 1.0, 10),), start=0, end=1)
    assert entry.digest == entry._replace(start=5, end=9, tags={}).digest
    assert entry.digest != entry._replace(points=(Point("m", 1.5, 10),)).digest
    assert entry.digest != entry._replace(params={"param": "2"}).digest


def test_long_texts_are_cut_and_stay_apart() -> None:
    one, two = clip("x" * 300 + "1", 250), clip("x" * 300 + "2", 250)
    assert len(one) == len(two) == 250
    assert one != two
    assert clip("short", 250) == "short"


def test_plain_text_holds_no_markup() -> None:
    assert plain_text("<b>&\n*x* [a](b)") == r"&lt;b&gt;&amp; \*x\* \[a\]\(b\)"
