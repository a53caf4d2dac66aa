"""Mean ranks over tasks, Wilcoxon's test against SciPy's, and runs of methods that cannot be distinguished."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqbench.stats.critical_difference import cliques, critical_ranks, signed_rank_test, task_scores

TASKS = [f"task{number}" for number in range(10)]


def scores_of(**rows):
    return pd.DataFrame.from_dict(rows, orient="index", columns=TASKS[: len(next(iter(rows.values())))])


def test_signed_ranks_agree_with_scipy_and_count_ties_exactly():
    rng = np.random.default_rng(0)
    for differences in rng.normal(0.4, 1, (5, 10)):
        assert signed_rank_test(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)
    # Three equal gains and one equal loss: the ranks are all 2.5, so it is the sign test, 10 of 16 patterns.
    assert signed_rank_test([1, 1, 1, -1]) == pytest.approx(10 / 16)
    assert signed_rank_test([0, 0, 1]) == 1.0
    assert signed_rank_test([0, 0]) == 1.0


def test_mean_ranks_pairs_and_friedman_by_hand():
    steps = np.arange(10) / 100
    table, pairs = critical_ranks(scores_of(best=0.8 + steps, tied=0.5 + steps, other=0.5 + steps[::-1], worst=steps))
    assert table["method"].tolist()[0] == "best"
    assert table["method"].tolist()[-1] == "worst"
    assert table["mean_rank"].sum() == pytest.approx(1 + 2 + 3 + 4)
    by_pair = pairs.set_index(["method", "against"])
    # Ten tasks of one sign: 2 of 2^10 patterns, times six comparisons.
    assert by_pair.loc[("best", "worst"), "p"] == pytest.approx(2 / 2**10)
    assert by_pair.loc[("best", "worst"), "p_holm"] == pytest.approx(12 / 2**10)
    assert pairs["differ"].sum() == 5
    expected = stats.friedmanchisquare(0.8 + steps, 0.5 + steps, 0.5 + steps[::-1], steps).pvalue
    assert table["friedman_p"].iloc[0] == pytest.approx(expected)
    assert cliques(table, pairs) == [tuple(table["method"][1:3])]


def test_nothing_is_said_below_ten_tasks():
    table, pairs = critical_ranks(scores_of(a=np.arange(9), b=-np.arange(9)))
    assert table.empty
    assert pairs.empty
    assert cliques(table, pairs) == []


def test_all_alike_is_one_clique():
    table, pairs = critical_ranks(scores_of(a=np.ones(10), b=np.ones(10), c=np.ones(10)))
    assert table["mean_rank"].tolist() == [2.0, 2.0, 2.0]
    assert np.isnan(table["friedman_p"]).all()
    assert cliques(table, pairs) == [("a", "b", "c")]


def test_cliques_are_maximal_runs():
    ranks = pd.DataFrame({"method": list("abcd")})
    pairs = pd.DataFrame(
        [("a", "c"), ("a", "d"), ("b", "d")], columns=["method", "against"]
    ).assign(differ=True)  # fmt: skip
    assert cliques(ranks, pairs) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_variants_of_a_task_count_once_and_unranked_methods_not_at_all():
    methods = pd.DataFrame(
        [("recall (symbols 2)", "a", 1.0, 2.0, 4.0, 5), ("recall (symbols 4)", "a", 1.0, 1.0, 4.0, 5),
         ("parity", "a", 1.0, 0.0, 0.0, 7), ("recall (symbols 2)", "b", np.nan, 2.0, 4.0, 5),
         ("recall (symbols 4)", "b", 2.0, 2.0, 4.0, 5), ("parity", "b", 1.0, 0.0, 0.0, 5)],
        columns=["task", "method", "rank", "octaves", "span", "at_least"],
    )  # fmt: skip
    found = task_scores(methods.assign(seeds=10))
    assert found.index.tolist() == ["a"]
    assert found.loc["a"].to_dict() == {"recall": 0.375, "parity": 0.7}
