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

from tests.stats.interval_candidates import CANDIDATES
from tests.stats.learners import SPAN, Learner, horizons, middles, searched, solves

IN_USE, BEFORE = list(CANDIDATES)[:2]
REPETITIONS = 2_000
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
    """One row a scenario and interval: `coverage` of nominal 95 %, one-sided errors, and mean `width` in octaves.

    too_high: share of intervals that lie above the true mean difference; too_low: below it
    """
    rows = []
    for place, (name, scenario) in enumerate(SCENARIOS.items()):
        if names is not None and name not in names:
            continue
        rng = np.random.default_rng([place, seeds])
        pair = (scenario.one, scenario.other)
        one, other = np.clip(horizons(pair, (TRUTH_DRAWS,), scenario.correlation, rng), 0, SPAN)
        truth = one.mean() - other.mean()
        samples = observe(scenario, seeds, repetitions, rng)
        for interval in intervals or CANDIDATES:
            low, high = CANDIDATES[interval](*samples)
            above, below = np.mean(low > truth), np.mean(high < truth)
            rows.append((scenario.kind, name, seeds, interval, 1 - above - below, above, below, np.mean(high - low)))
    return pd.DataFrame(rows, columns=COLUMNS).round(4)


def everything() -> pd.DataFrame:
    """The published table: all intervals at 10 seeds, the three main ones at 5, 20 and 30."""
    main = (IN_USE, BEFORE, "Student's t")
    return pd.concat([simulate(), *(simulate(seeds=n, intervals=main) for n in (5, 20, 30))], ignore_index=True)


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


def draw(table: pd.DataFrame, path: Path) -> None:
    """Coverage of each interval at 10 seeds, a mark a scenario, beside its width."""
    ten = table[table["seeds"] == 10]
    colours = {"both modes": "#0072b2", "rare": "#d55e00", "one mode": "#009e73"}
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for place, interval in enumerate(reversed(list(CANDIDATES))):
        own = ten[ten["interval"] == interval]
        for offset, (kind, colour) in zip((-0.2, 0, 0.2), colours.items(), strict=True):
            part = own[own["kind"] == kind]
            at = np.full(len(part), place + offset)
            left.plot(100 * part["coverage"], at, "o", color=colour, markersize=4, alpha=0.8, label=kind)
            right.plot(part["width"], at, "o", color=colour, markersize=4, alpha=0.8)
    left.axvspan(94, 97, color="#0072b2", alpha=0.12, linewidth=0)
    left.set_yticks(range(len(CANDIDATES)), list(reversed(list(CANDIDATES))))
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
    draw(found, folder / "intervals.svg")
    print(summary(found).round(3).to_string())
    print(found[(found["interval"] == IN_USE) & (found["seeds"] == 10)].round(3).to_string())
