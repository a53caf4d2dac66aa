"""Coverage and width of intervals for "how many times as far": simulated searches of pairs of methods.

    python -m tests.stats.interval_simulation results/simulations

writes the table, the picture and the page; `test_interval_simulation.py` holds them to this code.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy import stats

from tests.stats.interval_candidates import BEFORE, DIFFERENCES, IN_USE, MEANS, Ends
from tests.stats.learners import SPAN, Learner, horizons, middles, searched, solves

REPETITIONS = 4_000
TRUTH_DRAWS = 400_000
COLUMNS = ["kind", "pair", "seeds", "interval", "coverage", "too_high", "too_low", "width"]


class Scenario(NamedTuple):
    """Two methods and how far their seeds share their luck.

    kind: `both modes` where ten seeds show both modes of a method nearly always, `rare` where one mode has a share of
        10 % or less and often stays unseen, `one mode` otherwise
    """

    kind: str
    one: Learner
    other: Learner
    correlation: float = 0.3


LOW = Learner(1.5, 1.5, 1, high_spread=0.3)
SCENARIOS = {
    "5 in 10 solve far, no difference": Scenario("both modes", Learner(2, 6, 0.5), Learner(2, 6, 0.5), 0.5),
    "the same, seeds share no luck": Scenario("both modes", Learner(2, 6, 0.5), Learner(2, 6, 0.5), 0.0),
    "5 in 10 against 2 in 10": Scenario("both modes", Learner(1.5, 5.5, 0.5), Learner(1.5, 5, 0.2)),
    "7 in 10 against none, noisy": Scenario("both modes", Learner(1.5, 5.5, 0.7, slope=0.1), LOW),
    "9 in 10 against 7 in 10": Scenario("both modes", Learner(1.5, 6, 0.9), Learner(1.5, 6, 0.7), 0.0),
    "7 in 10 right-censored against 3": Scenario("both modes", Learner(2, 8, 0.7, 0.4, 0.8), Learner(1.5, 5, 0.3)),
    "5 in 10 right-censored, noisy": Scenario("both modes", Learner(2, 9, 0.5, 0.4, 0.8, 0.1), LOW._replace(slope=0.2)),
    "censored at both ends": Scenario("both modes", Learner(2, 8, 0.6, 0.4, 0.8), Learner(-0.3, 4, 0.4, 0.7, 0.5)),
    "both near the ceiling": Scenario("both modes", Learner(2, 7.3, 0.8, 0.4, 0.6), Learner(2, 7.3, 0.6, 0.4, 0.6)),
    "2 in 10 against none": Scenario("both modes", Learner(1.5, 5.5, 0.2), LOW),
    "9 in 10 against none": Scenario("rare", Learner(1.5, 5.5, 0.9), LOW),
    "95 in 100 against none": Scenario("rare", Learner(1.5, 5.5, 0.95), LOW),
    "1 in 10 against none": Scenario("rare", Learner(1.5, 5.5, 0.1), LOW),
    "one mode, far against near": Scenario("one mode", Learner(0, 5.5, 1, high_spread=0.4, slope=0.1), LOW),
    "one wide mode each": Scenario("one mode", Learner(0, 4, 1, high_spread=1), Learner(0, 3, 1, high_spread=1)),
}
METHODS = {
    "2 in 10 solve far": ("both modes", Learner(1.5, 5.5, 0.2)),
    "5 in 10 solve far": ("both modes", Learner(2, 6, 0.5)),
    "7 in 10 solve far, noisy": ("both modes", Learner(1.5, 5.5, 0.7, slope=0.1)),
    "7 in 10 right-censored": ("both modes", Learner(2, 8, 0.7, 0.4, 0.8)),
    "5 in 10 right-censored, noisy": ("both modes", Learner(2, 9, 0.5, 0.4, 0.8, 0.1)),
    "censored at both ends": ("both modes", Learner(-0.3, 8, 0.5, 0.7, 0.8)),
    "8 in 10 near the ceiling": ("both modes", Learner(2, 7.3, 0.8, 0.4, 0.6)),
    "9 in 10 solve far": ("rare", Learner(1.5, 5.5, 0.9)),
    "95 in 100 solve far": ("rare", Learner(1.5, 5.5, 0.95)),
    "1 in 10 solves far": ("rare", Learner(1.5, 5.5, 0.1)),
    "one mode": ("one mode", Learner(0, 5.5, 1, high_spread=0.4, slope=0.1)),
    "one wide mode": ("one mode", Learner(0, 4, 1, high_spread=1)),
}


def observe(scenario: Scenario, seeds: int, repetitions: int, rng: np.random.Generator) -> list[np.ndarray]:
    """`[repetitions, seeds]` octaves that a search finds for each of the two methods."""
    pair = (scenario.one, scenario.other)
    found = []
    for learner, true in zip(pair, horizons(pair, (repetitions * seeds,), scenario.correlation, rng), strict=True):
        _, low, high = searched(solves(learner, true, rng))
        found.append(middles(low, high).reshape(repetitions, seeds))
    return found


def simulate(
    names: list[str] | None = None, *, seeds: int = 10, repetitions: int = REPETITIONS, intervals: tuple[str, ...] = ()
) -> pd.DataFrame:
    """One row a pair and interval: `coverage` of nominal 95 %, one-sided errors, and mean `width` in octaves.

    too_high: share of intervals that lie above the true mean difference; too_low: below it
    """
    rows = []
    for place, (name, scenario) in enumerate(SCENARIOS.items()):
        if names is not None and name not in names:
            continue
        rng = np.random.default_rng([place, seeds])
        pair = (scenario.one, scenario.other)
        one, other = np.clip(horizons(pair, (TRUTH_DRAWS,), scenario.correlation, rng), 0, SPAN)
        samples = observe(scenario, seeds, repetitions, rng)
        for interval in intervals or DIFFERENCES:
            held = judged(DIFFERENCES[interval](*samples), one.mean() - other.mean())
            rows.append((scenario.kind, name, seeds, interval, *held))
    return pd.DataFrame(rows, columns=COLUMNS).round(4)


def simulate_means(names: list[str] | None = None, *, seeds: int = 10, repetitions: int = REPETITIONS) -> pd.DataFrame:
    """The same for the mean horizon of one method, a row a method and interval."""
    rows = []
    for place, (name, (kind, learner)) in enumerate(METHODS.items()):
        if names is not None and name not in names:
            continue
        rng = np.random.default_rng([place, seeds, 1])
        [true] = np.clip(horizons((learner,), (TRUTH_DRAWS,), 0.0, rng), 0, SPAN)
        [drawn] = horizons((learner,), (repetitions * seeds,), 0.0, rng)
        _, low, high = searched(solves(learner, drawn, rng))
        values = middles(low, high).reshape(repetitions, seeds)
        for interval, ends in MEANS.items():
            rows.append((kind, name, seeds, interval, *judged(ends(values, 0.0, SPAN), true.mean())))
    return pd.DataFrame(rows, columns=COLUMNS).round(4)


def judged(ends: Ends, truth: float) -> tuple[float, float, float, float]:
    """Coverage, share of intervals above the truth, share below it, and mean width."""
    low, high = ends
    above, below = float(np.mean(low > truth)), float(np.mean(high < truth))
    return 1 - above - below, above, below, float(np.mean(high - low))


def everything() -> pd.DataFrame:
    """The published table of differences: all intervals at 10 seeds; the three main ones, less exactly, at others."""
    main = (IN_USE, BEFORE, "Student's t")
    others = (simulate(seeds=n, intervals=main, repetitions=REPETITIONS // 2) for n in (5, 20, 30))
    return pd.concat([simulate(), *others], ignore_index=True)


def attainable(share: float, seeds: int = 10) -> list[float]:
    """Coverages above one half that an interval can have, where only how many of the seeds are far tells samples apart.

    The samples whose interval holds the truth are those with so many far seeds to so many.
    """
    chance = stats.binom.pmf(np.arange(seeds + 1), seeds, share)
    sums = [chance[first:last].sum() for last in range(1, seeds + 2) for first in range(last)]
    return sorted(float(total) for total in sums if total > 0.5)


def least_of_one_mode(
    share: float = 0.1, *, apart: float = 4.0, error: float = 0.5 / np.sqrt(10), seeds: int = 10, least: float = 0.94
) -> float:
    """Coverage that an interval has at least where seeds have one mode, if it has `least` where a `share` is elsewhere.

    Samples without a seed of the rare mode, `apart` octaves away, look like those of one mode. Of them no more than
    (1 - least) / (1 - share)^n may miss a mean that lies `share * apart` further out; the ends of an interval that
    moves with the sample, whose mean has this standard `error`, then lie that much further from it.

    Args:
        share: of the seeds at the rare mode, on either side.
        apart: octaves between the modes.
        error: standard error of the mean of the common mode.
        seeds: seeds of a table.
        least: coverage that is asked for in tables with a rare mode.
    """
    missed = (1 - least) / (1 - share) ** seeds
    beyond = share * apart / error - stats.norm.ppf(missed)
    return float(1 - 2 * stats.norm.sf(beyond))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a number of seeds and interval: coverage by kind, its least, and width against the one before."""
    before = table[table["interval"] == BEFORE].set_index(["seeds", "pair"])["width"]
    keys = pd.MultiIndex.from_frame(table[["seeds", "pair"]])
    relative = table.assign(relative=table["width"].to_numpy() / before.reindex(keys).to_numpy())
    grouped = relative.groupby(["seeds", "interval"], sort=False)
    kinds = relative.pivot_table(index=["seeds", "interval"], columns="kind", values="coverage", sort=False)
    return pd.DataFrame({
        **{kind: kinds[kind] for kind in ("both modes", "rare", "one mode")},
        "least": grouped["coverage"].min(), "width": grouped["width"].mean(), "relative": grouped["relative"].mean(),
    }).reset_index()  # fmt: skip


def page_rows(table: pd.DataFrame) -> list[str]:
    """The rows of the page that a table comes to."""
    rows = []
    for row in summary(table).to_dict("records"):
        numbers = [f"{100 * row[name]:.1f}" for name in ("both modes", "rare", "one mode", "least")]
        line = [row["interval"], str(row["seeds"]), *numbers, f"{row['width']:.2f}", f"{row['relative']:.2f}"]
        rows.append(f"| {' | '.join(line)} |")
    return rows


def draw(table: pd.DataFrame, path: Path) -> None:
    """Coverage of each interval at 10 seeds, a mark a scenario, beside its width."""
    ten = table[table["seeds"] == 10]
    colours = {"both modes": "#0072b2", "rare": "#d55e00", "one mode": "#009e73"}
    figure = Figure(figsize=(9, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for place, interval in enumerate(reversed(list(DIFFERENCES))):
        own = ten[ten["interval"] == interval]
        for offset, (kind, colour) in zip((-0.2, 0, 0.2), colours.items(), strict=True):
            part = own[own["kind"] == kind]
            at = np.full(len(part), place + offset)
            left.plot(100 * part["coverage"], at, "o", color=colour, markersize=4, alpha=0.8, label=kind)
            right.plot(part["width"], at, "o", color=colour, markersize=4, alpha=0.8)
    left.axvspan(94, 97, color="#0072b2", alpha=0.12, linewidth=0)
    left.set_yticks(range(len(DIFFERENCES)), list(reversed(list(DIFFERENCES))))
    left.set_xlabel("coverage, % (shaded: 94 to 97)")
    right.set_xlabel("mean width, octaves")
    handles, labels = left.get_legend_handles_labels()
    left.legend(handles[:3], labels[:3], fontsize=8)
    with rc_context({"svg.hashsalt": "intervals", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    found = everything()
    found.to_csv(folder / "intervals.csv", index=False)
    means = simulate_means()
    means.to_csv(folder / "mean_intervals.csv", index=False)
    draw(found, folder / "intervals.svg")
    for table in (found, means):
        print("\n".join(page_rows(table)))
    print(found[(found["interval"] == IN_USE) & (found["seeds"] == 10)].round(3).to_string())
