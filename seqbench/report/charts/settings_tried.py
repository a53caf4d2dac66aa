"""What charts of tuning share: the settings that were tried, by what they were chosen, and how both are drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import ROOM, ticks
from seqbench.report.charts.base import Chart
from seqbench.report.charts.horizon import named_lengths
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence
from seqbench.schema import with_purpose
from seqbench.stats.horizon_means import steps_in_words
from seqbench.stats.tuning import NOTHING_SOLVED, knobs_of, settings_of

SCORE_LABEL = "validation score"


def searched(evidence: Evidence, task: str) -> bool:
    """Whether settings were chosen by how far their seeds got in a search, and not by scores at equal lengths."""
    return task in evidence.declared.searched


def tried(evidence: Evidence, task: str) -> pd.DataFrame:
    """The settings tried on a task, in words and as `knobs`, with the `score` that decides between them first.

    By method, and by length unless lengths were searched: the score is then how far the seeds got, in steps.
    """
    comparison = evidence.comparison
    rows = (
        comparison.tuning_reach.rename(columns={"reach": "score"})
        if searched(evidence, task)
        else comparison.tuning_curves
    )
    rows = rows[(rows["task"] == task) & rows["score"].notna()]
    return rows.assign(setting=settings_of(rows), knobs=[knobs_of(tuned) for tuned in rows["tuned"]])


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of `tried` that are printed below a chart."""
    names = ["method", "length", "setting", "n", "solved", "diverged", "score"]
    shown = rows[[name for name in names if name in rows]]
    return shown if "length" in rows else shown.rename(columns={"score": "steps"})


def reach_in_words(evidence: Evidence, task: str, rows: pd.DataFrame) -> str:
    """What the height of a point means in a search; `rows` are those of `tried`."""
    seeds = " to ".join(f"{count}" for count in sorted({rows["n"].min(), rows["n"].max()}))
    unfinished = with_purpose(evidence.missing, "tuning")["task"] == task
    under_way = " Searches are still under way: shown is how far they have got." if unfinished.any() else ""
    return (
        f"The longest dependency that was solved on validation data, as a geometric mean over n = {seeds} tuning "
        "seeds; tuning tries doublings of the length alone. A seed that solved none counts as half a step, one that "
        f"solved the longest as that length.{under_way}"
    )


def ring_in_words(evidence: Evidence, task: str) -> str:
    """What a ring marks."""
    if not searched(evidence, task):
        return "A ring marks what was chosen."
    return (
        "A ring marks what was chosen: of settings that got equally far the one that solved more of its trials, then "
        "the one that needed fewer steps."
    )


def score_axis(ax: Axes, evidence: Evidence, task: str, rows: pd.DataFrame) -> None:
    """The vertical axis: scores, or the lengths of a search, which go on below the shortest where seeds solved none."""
    ax.set_ylabel(SCORE_LABEL)
    if searched(evidence, task):
        lengths, lowest = evidence.sought(task), float(rows["score"].min())
        labels: dict[float, str] = {length: f"{length:,}" for length in named_lengths(lengths)}
        shorter = {NOTHING_SOLVED: "none", 1.0: "1", 2.0: "2", 5.0: "5"}
        labels |= {steps: text for steps, text in shorter.items() if lowest <= steps < lengths[0]}
        ax.set_yscale("log", base=2)
        ticks(ax.yaxis, labels)
        ax.set_ylim(min(lengths[0], lowest) / ROOM, lengths[-1] * ROOM)
        ax.set_ylabel("longest solved (steps)")


def score_lines(chart: Chart, ax: Axes, evidence: Evidence, task: str, rows: pd.DataFrame) -> None:
    """Every method's scores at `x`: joined where only the learning rate differs, with a ring around the chosen one."""
    table = evidence.comparison.tuning
    chosen = dict(table.loc[table["task"] == task, ["method", "chosen"]].to_numpy().tolist())
    for method in in_order(evidence, set(rows["method"])):
        own = rows[rows["method"] == method].sort_values("x")
        tips = [f"{method}, {row.setting}: {_said(row)}" for row in own.itertuples()]
        method_line(chart, ax, evidence, method, own["x"].to_numpy(float), own["score"].to_numpy(float), tips=tips)
        if any(own["knobs"]):
            ax.lines[-1].set_linestyle("none")
        ring = own[own["setting"] == chosen.get(method)]
        look = evidence.styles[method]
        (around,) = ax.plot(ring["x"], ring["score"], color=look.colour, marker="o", mfc="none", ms=11, ls="none")
        chart.mark(around, evidence.place(method))


def _said(row: Any) -> str:
    """What a point stands for: `score 0.93, 2 of 3 solved`, `≥ 400 steps, n = 2` or `none, n = 2`."""
    if not hasattr(row, "at_least"):
        return f"score {row.score:.3g}, {row.solved} of {row.n} solved"
    reach = f"{'≥ ' if row.at_least else ''}{steps_in_words(row.score)} steps" if row.solved else "none"
    return f"{reach}, n = {row.n}"
