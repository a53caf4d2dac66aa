"""The answer in words, for someone who has not read the grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats import Declared, compare
from seqbench.stats.answers import budget_in_words, names_in_words, p_in_words, share_in_words


def answer_of(results, **declared):
    (answer,) = compare(results, declared=Declared(**declared)).answers["answer"]
    return answer


def test_who_how_far_and_how_sure(grid):
    answer = answer_of(grid({"plain": 0, "gru": 4, "lstm": 2}))
    assert answer == (
        "adding: gru remembered furthest: at least 100 steps (95 %: 56 or more), at this budget of 1,000 training "
        "steps; it remembers at least 8.3 times as far as plain (95 %: 4.7 or more, n = 10): beyond chance, p = 0.0039 "
        "after Holm."
    )


def test_three_seeds_are_not_a_proof(grid):
    answer = answer_of(grid({"plain": 0, "gru": 4}, seeds=3))
    assert "gru remembered furthest: at least 100 steps, at this budget of 1,000 training steps; it remembers" in answer
    assert answer.endswith("at least 8.3 times as far as plain (n = 3): 3 seeds are too few to tell it from chance.")


def test_two_seeds_are_not_ranked(grid):
    answer = answer_of(grid({"plain": 0, "gru": 4}, seeds=2))
    assert answer == "adding: gru at least 100 steps and plain at most 12 steps; too few seeds to rank the methods."


def test_no_evidence_is_said(grid):
    answer = answer_of(grid({"plain": [1, 2] * 5, "gru": [2, 1, 2, 2, 1, 2, 1, 2, 2, 2]}))
    assert "gru remembered furthest: 29 steps (95 %: 22 to 40)" in answer
    assert answer.endswith(
        "it remembers 1.2 times as far as plain (95 %: 0.77 to 1.7, n = 10): no evidence of a difference, p = 0.62 "
        "after Holm."
    )


def test_many_comparisons_need_more_seeds(grid):
    reach = {"plain": 0, "gru": 4} | {f"m{number:02}": 1 for number in range(30)}
    assert "10 seeds are too few to tell it from chance among 31 comparisons." in answer_of(grid(reach))


def test_a_gain_that_a_rare_failure_could_undo(grid):
    results = grid({"plain": [4] * 9 + [3], "gru": 4})
    results.loc[(results["method"] == "plain") & (results["outcome"] == "solved"), "accuracy"] = 0.98
    answer = answer_of(results, outcome="accuracy")
    assert (
        "the seeds agree, p = 0.002 after Holm, but a rare failure that this few cannot rule out could undo" in answer
    )
    assert "beyond chance" not in answer


def test_hardly_anything_learned(grid):
    answer = answer_of(grid({"plain": 0, "gru": [1] * 3 + [0] * 7}))
    assert "gru remembered furthest: at most 13 steps (95 %: 23 or less)" in answer
    assert "as far as plain within the range of lengths (95 %: " in answer


def test_ties_are_all_named(grid):
    answer = answer_of(grid({"plain": 0, "gru": 4, "lstm": 4}))
    assert answer.startswith("adding: gru and lstm remembered furthest: at least 100 steps (95 %: 56 or more)")
    assert "; gru remembers at least " in answer


def test_methods_that_tie_are_told_apart_by_the_loss_of_a_task_that_is_judged_by_it(grid):
    results = grid({"plain": 1, "gru": 1, "lstm": 1}, lengths=(50,))
    of = {"plain": 0.25, "gru": 0.125, "lstm": 0.125}
    by_loss = results.assign(solved_metric="loss", loss=results["method"].map(of) + 1e-5 * (results["seed"] - 1000))
    tie = "adding: all 3 methods did equally well: 10 of 10 seeds solved length 50 (95 %: 69-100 %), at this budget of "
    assert answer_of(results) == f"{tie}1,000 training steps."
    assert answer_of(by_loss) == (
        f"{tie}1,000 training steps; the test loss of the median seed lies from 0.125 (gru) to 0.25 (plain)."
    )
    assert answer_of(by_loss.assign(loss=0.125)) == f"{tie}1,000 training steps."


def test_no_remedy_helped(grid):
    assert answer_of(grid({"plain": 3, "gru": 1})).endswith("; no remedy beat it on average.")


def test_no_baseline(grid):
    assert answer_of(grid({"lstm": 3, "gru": 1})).endswith("; no baseline was declared to compare it with.")


def test_single_length_is_told_in_points(grid):
    answer = answer_of(grid({"plain": 0, "gru": 1}, lengths=(50,)))
    assert "gru did best: 10 of 10 seeds solved length 50 (95 %: 69-100 %), at this budget" in answer
    assert answer.endswith(
        "; +100 points of lengths solved against plain (95 %: 39 to 100, n = 10): beyond chance, p = 0.002 after Holm."
    )


def test_factorial_names_the_remedy(crossed):
    factors = {"clip": ("none", "norm"), "gating": ("none", "gru")}
    rng = np.random.default_rng(2)
    answer = answer_of(crossed(factors, lambda own, _: int(rng.integers(0, 3)) + 2 * (own["gating"] == "gru")))
    assert " Over all combinations, horizons beyond the range of lengths counted as its end, gating=gru gave" in answer
    assert " times as far back (+" in answer
    inside = answer_of(crossed(factors, lambda own, _: 1 + 2 * (own["gating"] == "gru")))
    assert " Over all combinations gating=gru gave most: " in inside
    dependent = answer_of(crossed(factors, lambda own, _: 4 if own["gating"] == "gru" else 3 * (own["clip"] == "norm")))
    assert "but it depends on clip=norm: +3.1 octaves alone, +0.5 octaves as the last remedy added." in dependent


def test_undeclared_comparison_is_marked(crossed):
    factors = {"clip": ("none", "norm"), "gating": ("none", "gru")}
    answer = answer_of(crossed(factors, lambda own, _: 2 * (own["gating"] == "gru") + 2 * (own["clip"] == "norm")))
    assert answer.startswith("adding: norm+gru remembered furthest")
    assert "this comparison was not declared beforehand" in answer


def test_an_unfinished_grid_says_first_what_is_missing(grid):
    results = grid({"plain": 0, "gru": 4, "lstm": 2})
    unknown = results["method"] == "gru"
    some = answer_of(results.assign(outcome=results["outcome"].mask(unknown & (results["length"] > 20))))
    assert some.startswith(
        "adding: unfinished, with 90 of 120 planned trials so far: not ranked yet, as they have not finished: gru; of "
        "lstm and plain alone, lstm remembered furthest: "
    )
    alone = answer_of(results.assign(outcome=results["outcome"].mask(results["method"] != "plain")))
    assert alone == (
        "adding: unfinished, with 40 of 120 planned trials so far: not ranked yet, as they have not finished: gru and "
        "lstm; plain alone: at most 12 steps (95 %: 21 or less), at this budget of 1,000 training steps."
    )
    assert "unfinished" not in answer_of(results)


def test_one_sentence_a_task(grid):
    results = pd.concat([grid({"plain": 0, "gru": 4}), grid({"plain": 4, "gru": 4}, task="parity")])
    answers = compare(results).answers
    assert answers["task"].tolist() == ["adding", "parity"]
    assert (
        answers["answer"][1]
        == "parity: both methods remembered equally far: at least 100 steps (95 %: 56 or more), at this budget of "
        "1,000 training steps."
    )


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({"outcome": None}, "no trial has finished yet of 80 planned."),
        (
            {"outcome": "diverged"},
            "no method solved even the shortest length, at this budget of 1,000 training steps.",
        ),
    ],
)
def test_extremes(grid, change, ends):
    assert answer_of(grid({"plain": 0, "gru": 4}).assign(**change)).endswith(ends)


def test_that_no_method_solved_the_only_length_does_not_say_that_nothing_was_learned(grid):
    rows = grid({"plain": 0, "gru": 0}, lengths=(100,)).assign(outcome="partial", accuracy=0.7)
    assert answer_of(rows) == "adding: no method solved the task, at this budget of 1,000 training steps."


def test_words():
    assert [names_in_words(list(names)) for names in ("a", "ab", "abc", "abcd", "abcde")] == [
        "a", "a and b", "a, b and c", "a, b, c and d", "a, b, c and 2 more",
    ]  # fmt: skip
    assert [p_in_words(p) for p in (0.0001, 0.0019531, 0.0312, 0.456)] == [
        "p < 0.001",
        "p = 0.002",
        "p = 0.031",
        "p = 0.46",
    ]
    assert share_in_words(3, 4, 0.05) == "3 of 4"
    assert share_in_words(10, 10, 0.1) == "10 of 10 (90 %: 74-100 %)"


def test_a_budget_says_what_it_depends_on():
    nan = np.nan
    assert budget_in_words(np.array([[1000.0, 1000], [1000, nan]])) == "at this budget of 1,000 training steps"
    assert budget_in_words(np.full((2, 2), nan)) == ""
    words = "at this budget of 1,000 to 2,000 training steps, which depends on "
    assert budget_in_words(np.array([[1000.0, 2000], [1000, 2000]])) == words + "the length"
    assert budget_in_words(np.array([[1000.0, 2000], [1000, nan]])) == words + "the length"
    assert budget_in_words(np.array([[1000.0, 1000], [2000, 2000]])) == words + "the method"
    assert budget_in_words(np.array([[500.0, 1000], [1000, 2000]])) == (
        "at this budget of 500 to 2,000 training steps, which depends on the method and the length"
    )


@pytest.mark.parametrize("outcome", ["horizon", "solved", "steps"])
def test_a_pair_that_was_declared_with_the_baseline_first_is_one_comparison(grid, outcome):
    # `gru` and `lstm` against `plain`: one of the pairs is declared either way round, the other is not declared.
    frame = grid({"plain": [0, 1] * 5, "gru": [3, 4] * 5, "lstm": 2})

    def found(*pair):
        return compare(frame, declared=Declared(outcome=outcome, baseline="plain", comparisons=(pair,)))

    one, other = found("gru", "plain"), found("plain", "gru")
    assert other.pairwise[["method", "against", "family"]].to_numpy().tolist() == [
        ["plain", "gru", "declared"], ["lstm", "plain", "exploratory"],
    ]  # fmt: skip
    assert one.answers["answer"].tolist() == other.answers["answer"].tolist()
    assert "beyond chance" in other.answers["answer"][0]
    assert "not declared beforehand" not in other.answers["answer"][0]
