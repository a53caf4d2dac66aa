"""The whole comparison: partial grids, invariance, speed, and what it does not import."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from seqbench.errors import UsageError
from seqbench.stats import Comparison, Declared, compare

FRAMES = [field.name for field in fields(Comparison) if field.name not in ("declared", "baselines")]


def frames(comparison):
    return {name: getattr(comparison, name) for name in FRAMES}


def in_one_order(table):
    """The rows sorted by every column that is text or names a place."""
    places = {"length", "step", "tau", "seed", "learning_rate", "candidates", "factor"}
    keys = [name for name in table if name in places or not pd.api.types.is_numeric_dtype(table[name])]
    return table.sort_values(keys, ignore_index=True)


@pytest.fixture
def results(crossed):
    """64 trials of four methods with failures, divergence and a tuned learning rate."""
    rng = np.random.default_rng(0)
    factors = {"clip": ("none", "norm"), "gating": ("none", "gru")}
    rows = crossed(factors, lambda own, _: int(rng.integers(0, 3)) + 2 * (own["gating"] == "gru"), seeds=4)
    lost = (rows["outcome"] == "chance") & (rows["seed"] == 1001)
    rows.loc[lost, ["outcome", "accuracy", "diverged_at", "diverged_kind"]] = ["diverged", np.nan, 30.0, "loss"]
    tried = rows[rows["length"] == 50].assign(purpose="tuning", seed=0, learning_rate=0.1)
    tried = tried.drop_duplicates("method").assign(trial=lambda own: "tuning-" + own["method"])
    return pd.concat([rows, tried], ignore_index=True)


@pytest.mark.parametrize("finished", [0, 1, 37, 64])
def test_partial_grids(results, finished):
    order = np.random.default_rng(1).permutation(64)
    results.loc[order[finished:], ["outcome", "accuracy", "loss", "solved_at", "diverged_at"]] = [None] + [np.nan] * 4
    found = compare(results)
    reporting = found.counts[found.counts["purpose"] == "reporting"]
    assert (reporting["finished"].sum(), reporting["missing"].sum()) == (finished, 64 - finished)
    (answer,) = found.answers["answer"]
    assert ("finished" in answer) == (finished < 64)
    assert found.solve_rates["n"].sum() == finished


@pytest.mark.parametrize("outcome", ["solved", "diverged", "chance", "partial"])
def test_all_ended_alike(results, outcome):
    results["outcome"] = outcome
    found = compare(results)
    assert len(found.answers) == 1
    assert found.solve_rates["rate"].eq(float(outcome == "solved")).all()
    assert set(found.pairwise["verdict"]) == {"too few seeds to tell"}


def test_one_seed_and_one_method(grid):
    found = compare(grid({"gru": 4}, seeds=1))
    assert found.pairwise.empty
    assert found.solve_rates["low"].isna().all()
    assert found.methods["rank"].isna().all()


def test_one_method_missing(results):
    results.loc[results["method"] == "gru", ["outcome", "solved_at", "accuracy"]] = [None, np.nan, np.nan]
    found = compare(results)
    assert found.methods.set_index("method").loc["gru", "finished"] == 0
    assert found.shapley.empty
    assert found.methods.set_index("method")["rank"].isna().sum() == 1


def test_no_trials_at_all():
    found = compare(pd.DataFrame())
    assert all(table.empty and len(table.columns) for table in frames(found).values())


OF_SEARCHES = ("psychometric", "psychometric_curves", "tuning_reach")


def test_every_table_is_filled_and_has_the_same_columns_when_empty(results):
    empty = frames(compare(pd.DataFrame()))
    tasks = ["adding", *(f"task{number}" for number in range(9))]
    several = pd.concat([results.assign(task=task, trial=task + results["trial"]) for task in tasks])
    for name, table in frames(compare(several)).items():
        assert table.columns.tolist() == empty[name].columns.tolist(), name
        if name not in ("missing_combinations", *OF_SEARCHES):
            assert len(table), name


def test_order_of_the_rows_changes_nothing(results):
    once, again = frames(compare(results)), frames(compare(results.sample(frac=1, random_state=3)))
    for name in FRAMES:
        pd.testing.assert_frame_equal(once[name], again[name], check_dtype=False, obj=name)


def test_names_of_the_methods_change_nothing_but_names(results):
    names = {"plain": "zebra", "norm": "apple", "gru": "mango", "norm+gru": "kiwi"}
    once = frames(compare(results, declared=Declared(baseline="plain")))
    renamed = results.assign(method=results["method"].map(names))
    again = frames(compare(renamed, declared=Declared(baseline="zebra")))
    for name in set(FRAMES) - {"answers"}:
        expected = once[name].copy()
        for column in {"method", "against"} & set(expected) - ({"against"} if name == "effects" else set()):
            expected[column] = expected[column].map(names)
        if name == "pairwise":
            expected["text"] = expected["text"].str.replace("plain", "zebra")
        # The rows stand in the order of the names, so they are put in one order first.
        expected, found = (in_one_order(table) for table in (expected, again[name]))
        pd.testing.assert_frame_equal(expected, found, check_dtype=False, obj=name)


@pytest.mark.parametrize("plan", [Declared(baseline="absent"), Declared(comparisons=(("gru", "absent"),))])
def test_a_plan_about_unknown_methods_is_refused(grid, plan):
    with pytest.raises(UsageError, match="'absent' is not among the results; they know gru, plain"):
        compare(grid({"plain": 0, "gru": 4}), declared=plan)


@pytest.mark.slow
def test_five_thousand_trials_in_seconds(crossed):
    rng = np.random.default_rng(0)
    factors = {
        "clip": ("none", "value", "norm"), "initialisation": ("none", "identity"),
        "skip": ("none", "residual"), "gating": ("none", "gru", "lstm"),
    }  # fmt: skip
    one = crossed(factors, lambda *_: int(rng.integers(0, 5)), seeds=12)
    results = pd.concat(
        [one.assign(task=task, trial=task + one["trial"]) for task in ("adding", "agreement", "recall")]
    )
    assert len(results) > 5000
    begun = time.process_time()
    found = compare(results)
    assert time.process_time() - begun < 15
    assert len(found.shapley) == 3 * 4 * 4


def test_knows_neither_jax_nor_mlflow():
    code = "import sys, seqbench.stats; print([name for name in ('jax', 'mlflow', 'flax') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
