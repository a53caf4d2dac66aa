"""Two runs of a grid, two versions of the code, two machines: what differs beyond chance.

Trials of the same identity should agree to the last bit; where they do not, and where only method, task, length and
seed agree, the two runs are compared seed by seed like two methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqbench.schema import finished, rows_where
from seqbench.stats.answers import names_in_words
from seqbench.stats.brackets import find_brackets
from seqbench.stats.divergence import mcnemar_exact
from seqbench.stats.outcomes import SeedOutcome, horizon_outcome, outcome_at, paired_interval, seed_outcome
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import holm, sign_flip_test, verdict
from seqbench.stats.task_arrays import complete, reporting_rows, task_arrays

KEY = ["method", "task", "length", "seed"]
FIGURES = ["outcome", "accuracy", "loss", "solved_at", "diverged_at"]
TRIAL_COLUMNS = [
    *KEY, "same_trial", "identical", *(f"{name}_{side}" for name in FIGURES for side in ("a", "b")),
]  # fmt: skip
DIFFERENCE_COLUMNS = [
    "method", "task", "outcome", "unit", "n", "difference", "low", "high", "p", "p_holm", "comparisons", "verdict",
    "solved_only_a", "solved_only_b", "p_solved",
]  # fmt: skip


@dataclass(frozen=True)
class RunComparison:
    """How run B differs from run A.

    summary: what, count (how many trials each has, share, and agree on)
    trials: one row a method, task, length and seed finished in both, with both sides' figures
    differences: one row a method and task, B less A over common seeds, corrected among all rows
    answer: the summary in words
    """

    summary: pd.DataFrame
    trials: pd.DataFrame
    differences: pd.DataFrame
    answer: str


def _equal(one: pd.Series, other: pd.Series) -> pd.Series:
    """Whether two columns agree exactly; missing agrees with missing."""
    return (one == other) | (one.isna() & other.isna())


def matched_trials(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Finished trials of both runs side by side, joined by method, task, length and seed.

    same_trial: they also have the same identity; identical: every figure agrees exactly
    """
    one, other = (rows[["trial", *KEY, *FIGURES]] for rows in (a, b))
    both = one.merge(other, on=KEY, suffixes=("_a", "_b"))
    agree = [_equal(both[f"{name}_a"], both[f"{name}_b"]) for name in FIGURES]
    both["identical"] = np.logical_and.reduce(agree) if len(both) else False
    both["same_trial"] = (both["trial_a"] == both["trial_b"]) & both["trial_a"].notna()
    return both[TRIAL_COLUMNS].sort_values(KEY, ignore_index=True)


def _searched_horizons(runs: Sequence[pd.DataFrame], declared: Declared) -> SeedOutcome:
    """The horizons `[2, S]` of the seeds that both runs of one method and task have, each from all of its own lengths.

    Two searches visit lengths of their own: those that a seed was trained at in both say little of either horizon.
    """
    found = [find_brackets(task_arrays(rows, declared)) for rows in runs]
    seeds = sorted(set.intersection(*(set(own.seeds) for own in found)))
    outcomes = [horizon_outcome(own) for own in found]
    places = [[own.seeds.index(seed) for seed in seeds] for own in found]
    values, least, most = (
        np.array([each[0, place] for each, place in zip(column, places, strict=True)])
        for column in zip(*((own.values, own.least, own.most) for own in outcomes), strict=True)
    )
    return outcomes[0]._replace(values=values, least=least, most=most)


def _difference(runs: Sequence[pd.DataFrame], common: pd.DataFrame, declared: Declared) -> dict[str, object]:
    """One row: run B less run A, from the rows of one method and task in each; `common` are those that both have."""
    shared = [rows.merge(common, on=KEY).assign(method=run) for run, rows in zip("ab", runs, strict=True)]
    arrays = task_arrays(pd.concat(shared), declared)
    searched = arrays.searched and outcome_at(declared.outcome, len(arrays.grid)) == "horizon"
    outcome = _searched_horizons(runs, declared) if searched else seed_outcome(arrays, declared.outcome)
    known = np.isfinite(outcome.values).all(axis=0)
    paired = outcome.values[1, known] - outcome.values[0, known]
    before, after = ((outcome.least[run, known], outcome.most[run, known]) for run in (0, 1))
    low, high = paired_interval(outcome, after, before, declared.alpha) if paired.size else (np.nan, np.nan)
    both = np.isfinite(arrays.solved).all(axis=0)
    one, other = (arrays.solved[run][both] == 1 for run in (0, 1))
    return {
        "outcome": outcome.name, "unit": outcome.unit, "n": len(paired), "better": outcome.better,
        "difference": paired.mean() if len(paired) else np.nan, "low": low, "high": high, "p": sign_flip_test(paired),
        "solved_only_a": int((one & ~other).sum()), "solved_only_b": int((other & ~one).sum()),
        "p_solved": mcnemar_exact(one, other),
    }  # fmt: skip


def differences(a: pd.DataFrame, b: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method and task of both runs, over the seeds and lengths both have.

    The horizon of a search is that of each run's own lengths, over the seeds that both have.
    verdict: of B against A. solved_only_a, solved_only_b: trials that only one run solved; p_solved: McNemar's exact
    test of them, which takes the lengths of a seed as independent and is a second opinion only.
    """
    common = a[KEY].merge(b[KEY], on=KEY)
    rows = []
    for (method, task), _ in common.groupby(["method", "task"], sort=True):
        runs = [rows_where(side, (side["method"] == method) & (side["task"] == task)) for side in (a, b)]
        rows.append({"method": method, "task": task, **_difference(runs, common, declared)})
    table = pd.DataFrame(rows, columns=[*DIFFERENCE_COLUMNS, "better"])
    table["p_holm"], table["comparisons"] = holm(table["p"].to_numpy(float)), len(table)
    stated = zip(table["better"] * table["difference"], table["p_holm"], table["n"], strict=True)
    table["verdict"] = [verdict(*row, len(table), declared.alpha) for row in stated]
    return table[DIFFERENCE_COLUMNS]


def _answer(trials: pd.DataFrame, found: pd.DataFrame) -> str:
    """The whole comparison in a sentence or two."""
    if trials.empty:
        return "The two runs share no finished trial: nothing can be compared."
    same, identical = int(trials["same_trial"].sum()), int(trials["identical"].sum())
    agree = f"{len(trials)} trials finished in both; {identical} agree exactly"
    agree += (
        f" ({same} have the same identity, {int((trials['same_trial'] & ~trials['identical']).sum())} of them differ)."
    )
    if identical == len(trials):
        return f"{agree} The runs are identical."
    sure = found[found["verdict"].isin(["better", "worse"])]
    if len(sure):
        listed = "; ".join(
            f"{row['method']} on {row['task']} is {row['verdict']} in B ({row['difference']:+z.2f} {row['unit']})"
            for _, row in sure.iterrows()
        )
        return f"{agree} Beyond chance: {listed}."
    open_ = found[found["verdict"] == "too few seeds to tell"]
    if len(open_) == len(found):
        return f"{agree} There are too few seeds to tell whether the rest differ beyond chance."
    of = names_in_words([f"{row['method']} on {row['task']}" for _, row in open_.iterrows()]) if len(open_) else ""
    return f"{agree} Nothing differs beyond chance{f'; of {of} there are too few seeds to tell' if of else ''}."


def compare_runs(results_a: pd.DataFrame, results_b: pd.DataFrame, declared: Declared = Declared()) -> RunComparison:  # noqa: B008
    """Compare two runs; differences are B less A.

    Each frame is as `seqbench.load_results` returns it. With `missing` it also has the rows of planned trials, which
    are counted; without, the finished ones count as all that were planned.
    """
    planned = [reporting_rows(complete(results)) for results in (results_a, results_b)]
    a, b = map(finished, planned)
    trials, found = matched_trials(a, b), differences(a, b, declared)
    counted = [
        ("planned in A", len(planned[0])),
        ("planned in B", len(planned[1])),
        ("finished in A", len(a)),
        ("finished in B", len(b)),
        ("finished in both", len(trials)),
        ("same identity", int(trials["same_trial"].sum())),
        ("identical in every figure", int(trials["identical"].sum())),
        ("same outcome", int((trials["outcome_a"] == trials["outcome_b"]).sum())),
    ]
    summary = pd.DataFrame(counted, columns=["what", "count"])
    return RunComparison(summary=summary, trials=trials, differences=found, answer=_answer(trials, found))
