"""Bias, coverage and cost of searches of simulated learners, and false findings among methods that do not differ.

    python -m tests.stats.search_simulation results/simulations

writes `searches.csv`; `test_search_simulation.py` holds it to this code.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from seqbench.plan.search import check_lengths, checked_seeds
from seqbench.stats.brackets import Brackets, find_brackets
from seqbench.stats.horizon_differences import horizon_differences
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.interval import Floats
from seqbench.stats.psychometric import fit_psychometric
from tests.searches import worst_case
from tests.stats.learners import LENGTHS, SPAN, Learner, arrays, horizons, results, searched, solves

SEEDS = 10
REPETITIONS = 1_000
CHECKED = 0.2
"""Share of the seeds whose monotony is checked."""
TRUTH_DRAWS = 1_000_000
NULL_TABLES = 2_000
COLUMNS = [
    "learner", "bias", "coverage", "width", "threshold_coverage", "threshold_width", "trials", "most", "bound",
    "violations",
]  # fmt: skip

ONE_MODE = Learner(4, 4, 1, high_spread=0.7)
LEARNERS = {
    "monotone, one mode": ONE_MODE,
    "monotone, two modes": Learner(2, 6, 0.5),
    "monotone, two modes, censored at both ends": Learner(-0.3, 8, 0.5, 0.7, 0.8),
    "noisy over 0.1 octaves, one mode": ONE_MODE._replace(slope=0.1),
    "noisy over 0.2 octaves, one mode": ONE_MODE._replace(slope=0.2),
    "noisy over 0.2 octaves, two modes": Learner(2, 6, 0.7, slope=0.2),
    "non-monotone: fails 1 in 200 lengths within its horizon": ONE_MODE._replace(lapse=0.005),
    "non-monotone: fails 1 in 20 lengths within its horizon": ONE_MODE._replace(lapse=0.05),
}
SIMULATED = [Learner(2, 6, 0.5), Learner(-0.3, 8, 0.4, 0.7, 0.8, 0.1), Learner(4, 4, 1, slope=0.2)]
"""Learners of whom several alike make a table without differences."""


def trained(learner: Learner, horizon: Floats, key: object, rng: np.random.Generator) -> Floats:
    """`[S, L]` results of searches of seeds with these horizons, and of the checks of some of them."""
    solved = solves(learner, horizon, rng)
    visited, _, _ = searched(solved)
    for seed in checked_seeds(range(len(horizon)), CHECKED, key):
        own = {LENGTHS[place]: bool(solved[seed, place]) for place in np.flatnonzero(visited[seed])}
        visited[seed, [LENGTHS.index(length) for length in check_lengths(LENGTHS, own, key, seed)]] = True
    return results(solved, visited)


def found_by_search(cubes: dict[str, Floats]) -> Brackets:
    """Brackets of every method from results `[S, L]` at `LENGTHS`."""
    return find_brackets(arrays(cubes))


def _threshold(cube: Floats) -> tuple[float, float, float]:
    """Median and interval of the psychometric function's threshold."""
    fitted = fit_psychometric(np.array(LENGTHS, float), cube, LENGTHS[0], LENGTHS[-1])
    assert fitted is not None
    return fitted.threshold_interval()


def simulate(name: str, repetitions: int = REPETITIONS, fitted: int = 0) -> dict[str, object]:
    """One row: a learner's mean log2 horizon by search, and in the first `fitted` repetitions its threshold.

    bias: of the geometric mean horizon, as a share of it; coverage, width (octaves): of its 95 % interval
    trials, most: of a seed, with checks; bound: what the plan states as the worst case
    violations: share of the seeds in which any were found
    """
    learner, rng = LEARNERS[name], np.random.default_rng(sorted(LEARNERS).index(name))
    truth = np.clip(horizons((learner,), (TRUTH_DRAWS,), 0.0, rng), 0, SPAN).mean()
    errors, covered, widths, trials, violated, thresholds = [], [], [], [], [], []
    for repetition in range(repetitions):
        [horizon] = horizons((learner,), (SEEDS,), 0.0, rng)
        cube = trained(learner, horizon, repetition, rng)
        found = found_by_search({"method": cube})
        row = horizon_means(found).iloc[0]
        errors.append(row["octaves"] - np.clip(horizon, 0, SPAN).mean())
        covered.append(row["low"] <= truth <= row["high"])
        widths.append(row["high"] - row["low"])
        trials.append(found.trials[0])
        violated.append(found.violations[0] > 0)
        if repetition < fitted:
            _, low, high = _threshold(cube)
            thresholds.append((low <= learner.high <= high, high - low))
    threshold = np.mean(thresholds, axis=0) if thresholds else (np.nan, np.nan)
    return dict(zip(COLUMNS, (
        name, 2 ** np.mean(errors) - 1, np.mean(covered), np.mean(widths), *threshold, np.mean(trials),
        int(np.max(trials)), worst_case(LENGTHS) + 2, np.mean(violated),
    ), strict=True))  # fmt: skip


def family_wise_error(tables: int = NULL_TABLES, methods: int = 4) -> float:
    """Share of tables without any difference in which some method is called better or worse than the baseline."""
    rng, false = np.random.default_rng(0), 0
    names = ["baseline", *(f"remedy {place}" for place in range(methods))]
    for table in range(tables):
        learner = SIMULATED[table % len(SIMULATED)]
        alike = horizons((learner,) * len(names), (SEEDS,), 0.5, rng)
        cubes = {name: trained(learner, own, (table, name), rng) for name, own in zip(names, alike, strict=True)}
        compared = horizon_differences(found_by_search(cubes), [(name, "baseline") for name in names[1:]])
        false += bool(compared["verdict"].isin(["better", "worse"]).any())
    return false / tables


def everything() -> pd.DataFrame:
    """The published table; thresholds of the learners to which one applies: normal horizons, one mode."""
    rows = [simulate(name, fitted=400 if learner.share == 1 else 0) for name, learner in LEARNERS.items()]
    return pd.DataFrame(rows, columns=COLUMNS).round(4)


if __name__ == "__main__":
    table = everything()
    table.to_csv(Path(sys.argv[1]) / "searches.csv", index=False)
    print(table.to_string())
    print("family-wise error", family_wise_error(), "of", NULL_TABLES)
