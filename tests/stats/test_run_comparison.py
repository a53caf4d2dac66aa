"""Two runs of a grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.plan.search import length_grid, next_lengths
from seqbench.stats.preregistration import Declared
from seqbench.stats.run_comparison import compare_runs
from tests.stats.conftest import trial

REACH = {"plain": 0, "gru": 4}


def counted(found):
    return found.summary.set_index("what")["count"].to_dict()


def test_the_same_run_twice(grid):
    found = compare_runs(grid(REACH), grid(REACH).sample(frac=1, random_state=0))
    assert found.trials["identical"].all()
    assert counted(found)["same identity"] == 80
    assert found.answer.endswith("The runs are identical.")
    assert set(found.differences["verdict"]) == {"no evidence"}


def test_rounding_alone_is_reported_and_is_not_a_difference(grid):
    other = grid(REACH)
    other["loss"] += 1e-7
    found = compare_runs(grid(REACH), other)
    assert counted(found)["identical in every figure"] == 0
    assert counted(found)["same outcome"] == 80
    assert found.answer.endswith("Nothing differs beyond chance.")


def test_what_got_worse_is_named(grid):
    other = grid({"plain": 0, "gru": 1})
    other["trial"] = "new-" + other["trial"]
    found = compare_runs(grid(REACH), other)
    row = found.differences.set_index("method").loc["gru"]
    assert (row["verdict"], row["solved_only_a"], row["solved_only_b"]) == ("worse", 30, 0)
    assert row["p_holm"] == 2 * 2 / 2**10
    assert row["difference"] < row["high"] < 0
    assert counted(found)["same identity"] == 0
    assert "gru on adding is worse in B" in found.answer


def test_only_what_both_have_is_compared(grid):
    a, b = grid(REACH), grid(REACH, seeds=4)
    b.loc[b["length"] == 100, "outcome"] = None
    found = compare_runs(a, b)
    assert counted(found)["finished in both"] == counted(found)["finished in B"] == 2 * 4 * 3
    assert counted(found)["planned in B"] == 2 * 4 * 4
    assert found.trials["length"].max() == 50
    assert found.differences["n"].max() <= 4


def test_too_few_seeds(grid):
    found = compare_runs(grid(REACH, seeds=3), grid({"plain": 0, "gru": 1}, seeds=3))
    assert "too few seeds to tell" in found.answer


def test_nothing_in_common(grid):
    a = grid(REACH)
    assert "share no finished trial" in compare_runs(a, a.assign(outcome=None)).answer
    assert "share no finished trial" in compare_runs(a, a.assign(task="parity")).answer
    assert compare_runs(a, a.assign(outcome=None)).differences.empty


def test_searches_of_which_the_horizons_lie_far_apart_are_compared(grid):
    # The searches share 10 to 160 steps; that one solved 374 and failed 411 is known from lengths of its own.
    lengths = length_grid(10, 2000, 1.1)

    def run(horizon):
        rows = []
        for seed in range(1000, 1006):
            answers = {}
            while asked := next_lengths(lengths, answers):
                answers |= {length: length <= horizon for length in asked}
            rows += [trial("gru", "adding", length, seed, solved=done) for length, done in answers.items()]
        return pd.DataFrame(rows)

    found = compare_runs(run(400), run(100), Declared(searched={"adding": lengths})).differences.iloc[0]
    ends = [[max(each for each in lengths if each <= at), min(each for each in lengths if each > at)]
            for at in (400, 100)]  # fmt: skip
    assert found["n"] == 6
    assert found["difference"] == pytest.approx(np.log2(ends[1]).mean() - np.log2(ends[0]).mean())
    assert found["p"] == 2 / 2**6
    assert found["verdict"] == "worse"


def test_contradictions_widen_the_interval_of_a_difference_and_leave_the_estimate(grid):
    one, other = grid({"gru": 1}), grid({"gru": 3})
    unlucky = other.copy()
    unlucky.loc[unlucky["length"] == 25, "outcome"] = "chance"  # 12 and 50 are solved
    plain, wide = (compare_runs(one, b).differences.iloc[0] for b in (other, unlucky))
    assert plain["difference"] == wide["difference"]
    assert plain["high"] < wide["high"]
    assert wide["low"] < 0 < plain["low"]
