"""Contrasts by hand and against ordinary least squares; missing combinations are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from seqbench.stats.compare import compare
from seqbench.stats.factorial import contrast, effects, find_design, interactions, missing_combinations
from seqbench.stats.interval import t_interval
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete, task_arrays

TWO = {"clip": ("none", "norm"), "gating": ("none", "gru")}


def table_of(rows, outcome="solved", **declared):
    plan = Declared(outcome=outcome, **declared)
    arrays = task_arrays(rows, plan)
    found = effects(arrays, find_design(rows, arrays, plan), plan)
    return found[found["family"] == "declared"].set_index("effect")


def test_two_by_two_by_hand(crossed):
    # Share of four lengths solved: none 0, clip 1/4, gating 2/4, both 4/4, in every seed.
    place = {("none", "none"): 0, ("norm", "none"): 1, ("none", "gru"): 2, ("norm", "gru"): 4}
    table = table_of(crossed(TWO, lambda own, _: place[own["clip"], own["gating"]]))
    assert table.loc["clip=norm", "mean"] == pytest.approx((0.25 + 0.5) / 2)
    assert table.loc["gating=gru", "mean"] == pytest.approx((0.5 + 0.75) / 2)
    assert table.loc["clip=norm x gating=gru", "mean"] == pytest.approx((0.5 - 0.25) / 2)
    assert table["against"]["clip=norm x gating=gru"] == "clip=none x gating=none"
    assert table["p"].tolist() == pytest.approx([2 / 2**10] * 3)
    assert table["p_holm"].tolist() == pytest.approx([6 / 2**10] * 3)
    assert table["verdict"].tolist() == ["better", "better", "more than their sum"]


def test_main_effect_names_what_it_depends_on(crossed):
    rng = np.random.default_rng(0)
    rows = crossed(
        TWO, lambda own, _: 4 if own["gating"] == "gru" else int(rng.integers(2, 4)) * (own["clip"] == "norm")
    )
    table = table_of(rows)
    assert table.loc["clip=norm x gating=gru", "verdict"] == "less than their sum"
    assert table.loc["clip=norm", "depends_on"] == "gating=gru"
    assert table.loc["gating=gru", "depends_on"] == "clip=norm"


@pytest.mark.parametrize(
    ("none", "one", "both", "said", "bound"),
    [
        (1, 3, 3, "less than their sum", ""),
        (1, 3, 4, "less than their sum within the range", "at least"),
        (0, 3, 3, "less than their sum", "at most"),
        (1, 4, 3, "less than their sum", "at most"),
        (0, 3, 4, "less than their sum within the range", "within the range"),
        (1, 1, 3, "more than their sum", ""),
        (1, 1, 4, "more than their sum", "at least"),
        (1, 0, 3, "more than their sum", "at least"),
        (0, 1, 3, "more than their sum within the range", "at most"),
    ],
)
def test_seeds_beyond_the_range_may_hide_that_remedies_add_up(crossed, none, one, both, said, bound):
    place = {("none", "none"): none, ("norm", "none"): one, ("none", "gru"): one, ("norm", "gru"): both}
    table = table_of(crossed(TWO, lambda own, _: place[own["clip"], own["gating"]]), outcome="horizon")
    effect = table.loc["clip=norm x gating=gru"]
    assert (effect["verdict"], effect["bound"]) == (said, bound)


def test_what_an_effect_can_be_beyond_the_range(crossed):
    place = {("none", "none"): 0, ("norm", "none"): 1, ("none", "gru"): 3, ("norm", "gru"): 4}
    table = table_of(crossed(TWO, lambda own, _: place[own["clip"], own["gating"]]), outcome="horizon")
    assert table["bound"].tolist() == ["at least", "at least", "within the range"]
    solved = table_of(crossed(TWO, lambda own, _: place[own["clip"], own["gating"]]))
    assert set(solved["bound"]) == {""}, "no more than all can be solved"


def test_names_are_text_and_never_taken_apart(crossed):
    factors = {"clip": ("none", "2 x 3 = 6"), "gating": ("none", "gru")}
    table = table_of(crossed(factors, lambda own, _: 4 if own["gating"] == "gru" else 3 * (own["clip"] != "none")))
    assert table.loc["gating=gru", "depends_on"] == "clip=2 x 3 = 6"


def test_agrees_with_ordinary_least_squares(crossed):
    """Coded -1 and +1, with a constant for each seed, an effect is twice its coefficient."""
    factors = {**TWO, "skip": ("none", "residual")}
    rng = np.random.default_rng(1)
    rows = crossed(factors, lambda own, _: int(rng.integers(0, 3)) + 2 * (own["gating"] == "gru"), seeds=8)
    table = table_of(rows)
    share = (rows["outcome"] == "solved").groupby([rows["method"], rows["seed"]]).mean().rename("y").reset_index()
    levels = rows.drop_duplicates("method").set_index("method")[list(factors)]
    coded = {name: np.where(levels[name].loc[share["method"]] == "none", -1.0, 1.0) for name in factors}
    design = {"clip=norm": coded["clip"], "gating=gru": coded["gating"], "skip=residual": coded["skip"]}
    design["clip=norm x gating=gru"] = coded["clip"] * coded["gating"]
    design["clip=norm x gating=gru x skip=residual"] = coded["clip"] * coded["gating"] * coded["skip"]
    dummies = pd.get_dummies(share["seed"]).astype(float)
    fitted = sm.OLS(share["y"], pd.concat([pd.DataFrame(design), dummies], axis=1)).fit()
    for name in design:
        assert table.loc[name, "mean"] == pytest.approx(2 * fitted.params[name], abs=1e-12)


def test_three_levels_are_contrasts_to_the_reference(crossed):
    factors = {"clip": ("none", "norm", "value"), "gating": ("none", "gru")}
    gain = {"none": 0, "norm": 1, "value": 3}
    table = table_of(crossed(factors, lambda own, _: gain[own["clip"]]))
    assert table.loc["clip=norm", "mean"] == pytest.approx(0.25)
    assert table.loc["clip=value", "mean"] == pytest.approx(0.75)
    assert table.loc["gating=gru", "mean"] == pytest.approx(0.0)
    assert table.loc["gating=gru", "verdict"] == "no evidence"
    assert "clip=value x gating=gru" in table.index


def test_higher_orders_are_diagnostics(crossed):
    table = table_of(crossed({**TWO, "skip": ("none", "residual")}, lambda _, seed: seed % 4))
    row = table.loc["clip=norm x gating=gru x skip=residual"]
    assert (row["order"], row["verdict"]) == (3, "diagnostic")
    assert np.isnan(row["p_holm"])
    assert row["comparisons"] == 6


def test_missing_combination_is_named_and_its_effects_are_open(crossed):
    rows = crossed(TWO, lambda *_: 2)
    rows = rows[rows["method"] != "norm+gru"]
    arrays = task_arrays(rows)
    design = find_design(rows, arrays, Declared())
    assert missing_combinations(arrays, design, Declared())["missing"].tolist() == ["clip=norm, gating=gru"]
    table = table_of(rows)
    assert table["n"].tolist() == [0, 0, 0]
    assert set(table["verdict"]) == {"too few seeds to tell"}


def test_a_missing_trial_costs_its_seed_only(crossed):
    rows = crossed(TWO, lambda *_: 2)
    rows.loc[(rows["method"] == "norm") & (rows["seed"] == 1003) & (rows["length"] == 100), "outcome"] = None
    assert table_of(rows)["n"].tolist() == [9, 9, 9]


def test_level_that_is_not_involved_may_be_missing():
    cells = np.ones((3, 2, 4))
    cells[2] = np.nan
    np.testing.assert_allclose(contrast(cells, {0: 1}), 0.0)
    assert np.isnan(contrast(cells, {0: 2})).all()
    assert np.isnan(contrast(cells, {1: 1})).all()


def test_other_outcomes_stand_beside_the_primary_one(crossed):
    """Solved at each length, the horizon and steps to solve, whichever of them is primary."""
    rows, lengths = crossed(TWO, lambda own, _: 2 * (own["gating"] == "gru")), (12, 25, 50, 100)
    for primary in ("horizon", "accuracy"):
        plan = Declared(outcome=primary)
        arrays = task_arrays(rows, plan)
        table = effects(arrays, find_design(rows, arrays, plan), plan)
        own, *others = table["outcome"].unique()
        solved = [f"solved at {length}" for length in lengths]
        assert (own, others) == (primary, [*solved, *(["horizon"] if primary != "horizon" else []), "steps"])


def test_interaction_means(crossed):
    rows = crossed(TWO, lambda own, _: 4 if own["gating"] == "gru" else 1)
    plan = Declared(outcome="solved")
    arrays = task_arrays(rows, plan)
    table = interactions(arrays, find_design(rows, arrays, plan), plan).set_index(["level", "by_level"])
    assert table["mean"].to_dict() == pytest.approx(
        {("none", "none"): 0.25, ("none", "gru"): 1.0, ("norm", "none"): 0.25, ("norm", "gru"): 1.0}
    )


def test_no_design_without_two_factors(grid):
    rows = complete(grid({"plain": 0, "gru": 4}))
    assert find_design(rows, task_arrays(rows), Declared()) is None


def test_effect_intervals_cover_at_ten_seeds():
    """A contrast of sixteen all-or-nothing trials a seed: its t interval covers as stated."""
    rng = np.random.default_rng(11)
    rates = rng.uniform(0.1, 0.95, (2, 2, 2, 2))
    truth = rates[1].mean() - rates[0].mean()
    seeds = rng.random((2000, 10, 2, 2, 2, 2)) < rates
    found = seeds[:, :, 1].mean(axis=(2, 3, 4)) - seeds[:, :, 0].mean(axis=(2, 3, 4))
    ends = np.array([t_interval(own, -1, 1) for own in found])
    assert np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])) >= 0.93


def test_methods_outside_of_the_factorial_change_no_effect(crossed, grid):
    """Two listed methods have no level, which is not the level `none`: every table of the design is as without them."""
    place = {("none", "none"): 0, ("norm", "none"): 1, ("none", "gru"): 2, ("norm", "gru"): 4}
    crossing = crossed(TWO, lambda own, _: place[own["clip"], own["gating"]])
    both = complete(pd.concat([grid({"LSTM": 4, "GRU": [4, 0] * 5}), crossing], ignore_index=True))
    alone, beside = compare(crossing), compare(both)
    for name in ("effects", "interactions", "shapley", "missing_combinations"):
        pd.testing.assert_frame_equal(getattr(alone, name), getattr(beside, name))
    assert len(alone.effects)
    assert len(alone.shapley)
    assert beside.baselines == alone.baselines == {"adding": "plain"}
    assert set(beside.methods["method"]) == {"plain", "norm", "gru", "norm+gru", "LSTM", "GRU"}


def test_incomplete_factorial_beside_a_listed_method_names_what_is_missing(crossed, grid):
    rows = crossed(TWO, lambda *_: 2)
    rows = pd.concat([grid({"LSTM": 4}), rows[rows["method"] != "plain"]], ignore_index=True)
    found = compare(rows)
    assert found.missing_combinations["missing"].tolist() == ["clip=none, gating=none"]
    assert found.baselines == {"adding": None}
    assert set(found.effects["n"]) == {0}
    assert found.shapley.empty
