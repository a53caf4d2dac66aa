"""How fast: steps to solve, with divergence as a competing event.

A trial is solved at a step known only to the evaluation, or it is not solved within the budget. One that diverged can
never be solved. Treating it as censored where it diverged pretends that it might have been: with half the trials
diverging early and the rest solving, the Kaplan-Meier curve would say that all solve. So a diverged trial counts as
never solved up to the whole budget, and the incidence table shows solved, diverged and neither apart.

The log-rank test is by permutation within seed pairs. Swapping the two trials of a seed leaves the pooled times as
they are, so its statistic is a sum of scores (Peto & Peto 1972) and the test is the sign-flip test of their
differences, exact.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.schema import finished
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, Floats, clopper_pearson, mean_interval
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import holm, sign_flip_test
from seqbench.stats.task_arrays import TaskArrays

COLUMNS = [
    "method", "task", "length", "n", "solved", "rate", "low", "high", "median", "restricted_mean", "mean_low",
    "mean_high", "budget", "evaluate_every", "coarse", "median_seconds", "median_sequences", "pairs", "difference",
    "difference_low", "difference_high", "p", "p_holm",
]  # fmt: skip
INCIDENCE_COLUMNS = ["method", "task", "length", "step", "n", "solved", "diverged", "neither"]
COARSE = 0.02
"""Share of the budget between evaluations above which a step to solve is coarse."""


def log_rank_scores(times: Floats, events: np.ndarray) -> Floats:
    """Event less cumulative hazard at each time, `[N]`; their sum over a group is its observed less expected events."""
    order = np.unique(times)
    at_risk = (times[None, :] >= order[:, None]).sum(axis=1)
    happened = ((times[None, :] == order[:, None]) & events[None, :]).sum(axis=1)
    hazard = np.cumsum(happened / at_risk)
    return np.asarray(events - hazard[np.searchsorted(order, times)], float)


def log_rank_test(times: Floats, solved: np.ndarray) -> float:
    """Two-sided p-value of the log-rank test permuted within pairs; `times` and `solved` are `[2, n]`."""
    scores = log_rank_scores(times.ravel(), solved.ravel()).reshape(times.shape)
    return sign_flip_test(scores[0] - scores[1])


def solved_by_half(steps: Floats | pd.Series) -> float:
    """The step by which half of the trials had solved, of those at which each did (infinite: never); NaN of none.

    This is the ceil(n / 2)-th smallest. The middle of an even number of steps would lie between two of them, and be
    infinite where exactly half of the trials solved.
    """
    ordered = np.sort(np.asarray(steps, float))
    return float(ordered[(len(ordered) - 1) // 2]) if len(ordered) else np.nan


def _against_baseline(arrays: TaskArrays, method: int, length: int, alpha: float) -> dict[str, object]:
    """Paired difference of restricted means to the baseline, and the permuted log-rank test.

    Of two budgets the smaller one counts for both: what one of them had no time to do says nothing of it.
    """
    if arrays.baseline is None or arrays.methods[method] == arrays.baseline:
        return {}
    pair = [method, arrays.methods.index(arrays.baseline)]
    times, events = arrays.solve_step[pair, :, length], arrays.solved_in_time[pair, :, length]
    both = np.isfinite(times).all(axis=0)
    if not both.any():
        return {}
    budget = arrays.budgets[pair, length].min()
    events, times = events & (times <= budget), np.minimum(times, budget)
    differences = times[0, both] - times[1, both]
    low, high = mean_interval(differences, -budget, budget, alpha)
    p = log_rank_test(times[:, both], events[:, both])
    return {
        "pairs": int(both.sum()),
        "difference": differences.mean(),
        "difference_low": low,
        "difference_high": high,
        "p": p,
    }


def _row(arrays: TaskArrays, method: int, length: int, alpha: float) -> dict[str, object]:
    """Steps to solve of one method at one length; the baseline comparison is added where there is one."""
    known = np.isfinite(arrays.solve_step[method, :, length])
    times = arrays.solve_step[method, known, length]
    events = arrays.solved_in_time[method, known, length]
    n, k, budget = len(times), int(events.sum()), arrays.budgets[method, length]
    low, high = clopper_pearson(k, n, alpha) if n >= SEEDS_FOR_INTERVAL else (np.nan, np.nan)
    mean_low, mean_high = mean_interval(times, 0.0, budget, alpha)
    half = solved_by_half(np.where(events, times, np.inf))
    return {
        "method": arrays.methods[method], "task": arrays.task, "length": arrays.lengths[length], "n": n, "solved": k,
        "rate": k / n if n else np.nan, "low": float(low), "high": float(high), "median": half,
        "restricted_mean": times.mean() if n else np.nan, "mean_low": mean_low, "mean_high": mean_high,
        "budget": budget, **_against_baseline(arrays, method, length, alpha),
    }  # fmt: skip


def steps_to_solve(rows: pd.DataFrame, arrays: TaskArrays, declared: Declared) -> pd.DataFrame:
    """One row a method and length of a task.

    solved of n: held the criterion for three evaluations within the budget, with its exact interval (rate, low, high)
    median: step by which half had (`solved_by_half`), infinite for "more than the budget"
    median_seconds, median_sequences: wall-clock and training sequences seen until then, medians over the trials that
        solved
    restricted_mean: mean steps up to the budget, which stands for trials that never solved; mean_low, mean_high
    coarse: evaluations are further apart than 2 % of the budget, so steps are known only to that
    difference: restricted mean less the baseline's over `pairs` seeds; p: log-rank test permuted within seeds; p_holm:
        corrected among all methods and lengths of the task
    """
    table = pd.DataFrame(
        [_row(arrays, method, length, declared.alpha) for method, length in np.ndindex(arrays.solved.shape[::2])],
        columns=COLUMNS,
    ).drop(columns=["evaluate_every", "coarse", "median_seconds", "median_sequences"])
    share = rows["solved_at"] / rows["steps"]
    costs = rows.assign(
        median_seconds=pd.to_numeric(rows["seconds"]) * share,
        median_sequences=pd.to_numeric(rows["batch_size"]) * rows["solved_at"],
        length=rows["length"].astype(float),
    )
    costs = costs.groupby(["method", "length"], as_index=False).agg(
        median_seconds=("median_seconds", "median"),
        median_sequences=("median_sequences", "median"),
        evaluate_every=("evaluate_every", "max"),
    )
    table = table.merge(costs, on=["method", "length"], how="left")
    table["coarse"] = table["evaluate_every"] > COARSE * table["budget"]
    tested = table["p"].notna()
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].to_numpy(float))
    return table[COLUMNS]


def incidence(rows: pd.DataFrame) -> pd.DataFrame:
    """Cumulative incidence: shares of the `n` finished trials solved, diverged and neither after each event's step.

    One row a method, task, length and step at which something happened, with step 0 and the budget at the ends. A
    trial that solved first and diverged later counts as solved. All budgets are full, so no trial is censored early
    and the shares are plain counts (Aalen & Johansen 1978 reduces to them).
    """
    parts = []
    for (method, task, length), own in finished(rows).groupby(["method", "task", "length"], sort=True):
        solved = own["solved_at"].to_numpy(float)
        diverged = np.where(np.isnan(solved), own["diverged_at"].to_numpy(float), np.nan)
        ends = np.concatenate([solved, diverged, [0.0, own["budget"].max()]])
        steps = np.unique(ends[np.isfinite(ends)])
        ended = [times[:, None] <= steps for times in (solved, diverged)]
        parts.append(
            pd.DataFrame({
                "method": method, "task": task, "length": length, "step": steps, "n": len(own),
                "solved": ended[0].mean(axis=0), "diverged": ended[1].mean(axis=0),
                "neither": (~ended[0] & ~ended[1]).mean(axis=0),
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=INCIDENCE_COLUMNS)
