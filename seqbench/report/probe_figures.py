"""What probes found at initialisation, as a figure and a table: the answer of `seqbench probe`, and for notebooks.

Both take the frame that `seqbench.execution.probe_grid.probe_grid` returns.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqbench.errors import UsageError
from seqbench.palette import Style, styles
from seqbench.report.charts.axes import at_floor, log_axis, zero_floor
from seqbench.report.charts.base import MUTED, PAPER, THEME, panels, themed
from seqbench.stats.gradient_norms import relative_gradient
from seqbench.store import atomic

DECADES = 16
"""Decades below the top that are drawn; a smaller gradient is drawn as if it were this small."""

FIGURES = {
    "gradient_growth": "growth per step",
    "gradient_horizon": "gradient reaches (steps)",
    "gradient_overflow_predicted": "float32 overflows at",
    "from_identity": "from identity",
    "from_orthogonal": "from orthogonal",
    "spectral_radius": "spectral radius",
    "retention": "retention",
    "lyapunov_1": "largest Lyapunov exponent",
}
"""Figures without a distance, and what the table calls them."""


@themed
def probe_figure(measured: pd.DataFrame) -> Figure:
    """Draw the gradient that arrives from each distance, one line per method, one panel per task.

    The gradient is shown relative to its value nearest to the loss, so that methods differ in slope alone; the median
    over seeds. A dotted line marks the dependency length, another the place of exact zeros. Two grids, named in a
    column `grid`, stand side by side on the same axes, in one row per task.

    Raises:
        UsageError: no gradient was measured.
    """
    curves = pd.concat([relative_gradient(own).assign(grid=name) for name, own in _by_grid(measured).items()])
    if curves.empty:
        raise UsageError("no gradient was measured; include the probe gradient_flow, and a method with a recurrence")
    top, values = curves["share"].max(), curves["share"]
    curves = curves.assign(share=values.where(values == 0, values.clip(lower=top * 10.0**-DECADES)))
    floor = zero_floor(curves["share"])
    curves = curves.assign(share=at_floor(curves["share"], floor))
    looks = styles(list(dict.fromkeys(measured["method"])))
    figure, axes = _panels(curves)
    for (grid, task), ax in axes.items():
        _panel(ax, curves[(curves["grid"] == grid) & (curves["task"] == task)], looks)
        log_axis(ax.yaxis, floor)
        ax.set_title(f"{grid}: {task}" if grid else task)
    first = next(iter(axes.values()))
    first.set_ylim(curves["share"].min() / 3, top * 3)
    named = {line.get_label(): line for ax in axes.values() for line in ax.lines if line.get_label() in looks}
    shown = [name for name in looks if name in named]
    columns = min(4, len(shown))
    figure.legend([named[name] for name in shown], shown, loc="outside lower center", ncols=columns, fontsize=9)
    figure.set_facecolor(PAPER)
    return figure


def _by_grid(measured: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The measurements of each grid by its name, which is empty if there is one alone."""
    if "grid" not in measured:
        return {"": measured}
    return {str(name): own.drop(columns="grid") for name, own in measured.groupby("grid", sort=False)}


def _panels(curves: pd.DataFrame) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """The panel of each grid and task: tasks side by side, or two grids side by side and tasks below each other."""
    grids, tasks = (list(dict.fromkeys(curves[column])) for column in ("grid", "task"))
    several = len(grids) > 1
    wanted = [(grid, task) for task in tasks for grid in grids]
    rows, columns = (len(tasks), len(grids)) if several else (1, len(tasks))
    width, height = 5.6 if len(wanted) == 1 else 3.6 * columns + 0.6, 3.2 * rows + 0.8
    figure, axes = panels(columns, rows, width=width, height=height, sharey=True, sharex="row" if several else False)
    for ax in axes[-1]:
        ax.set_xlabel("distance from the loss (steps)")
    for ax in axes[:, 0]:
        ax.set_ylabel("gradient that arrives, of the nearest")
    return figure, dict(zip(wanted, axes.ravel(), strict=True))


def _panel(ax: Axes, own: pd.DataFrame, looks: dict[str, Style]) -> None:
    """The lines of one grid on one task."""
    for method in (name for name in looks if name in set(own["method"])):
        _line(ax, own[own["method"] == method], looks[method])
    for length in own["length"].unique():
        ax.axvline(length, color=MUTED, lw=0.8, ls=":")
    if own.empty:
        ax.text(0.5, 0.5, "not in this grid", color=MUTED, ha="center", transform=ax.transAxes)


def probe_table(measured: pd.DataFrame) -> pd.DataFrame:
    """One row per method and task, and per grid if there are two: medians over seeds.

    Empty where a figure does not exist. `at the dependency length` is the gradient that arrives from there, as a share
    of the nearest.
    """
    tables = []
    for name, own in _by_grid(measured).items():
        table = _table(own)
        if name:
            table.insert(0, "grid", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _table(measured: pd.DataFrame) -> pd.DataFrame:
    """The table of one grid."""
    keys = ["method", "task", "length"]
    rows = measured[measured["distance"].isna() & measured["probe"].isin(FIGURES)]
    table = rows.pivot_table(index=keys, columns="probe", values="value", aggfunc="median", sort=False)
    wanted = [name for name in FIGURES if name in table.columns]
    table = table[wanted].rename(columns=FIGURES)
    curves = relative_gradient(measured)
    at = curves[curves["distance"] == curves["length"]].set_index(keys)["share"]
    table.insert(min(1, len(wanted)), "at the dependency length", at.reindex(table.index))
    order = {name: place for place, name in enumerate(dict.fromkeys(measured["method"]))}
    return table.reset_index().sort_values(
        "method", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )


def write_figure(figure: Figure, folder: Path, name: str = "gradient") -> Path:
    """Write a figure to `folder` as SVG and as PNG, and return the path of the PNG.

    Raises:
        StoreError: the folder cannot be written.
    """
    for ending in ("svg", "png"):
        picture = io.BytesIO()
        with mpl.rc_context(THEME):
            figure.savefig(picture, format=ending, dpi=160, metadata={"Date": None} if ending == "svg" else None)
        atomic.write_bytes(folder / f"{name}.{ending}", picture.getvalue())
    return folder / f"{name}.png"


def _line(ax: Axes, curve: pd.DataFrame, look: Style) -> None:
    """One method's line, marked here and there."""
    every = max(1, len(curve) // 8)
    ax.plot(
        curve["distance"], curve["share"], label=curve["method"].iloc[0], color=look.colour, marker=look.marker,
        markevery=every, ms=4.5, lw=1.7, dashes=look.dash or (None, None),
    )  # fmt: skip
