"""One MLflow run for each finished trial: settings as params, the outcome as tags, training curves as metrics."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqbench.schema import CURVE_COLUMNS, RESULT_COLUMNS, finished, in_role
from seqbench.store.table_rows import PART
from seqbench.tracking.runs import Point, RunContent

TRIAL = "seqbench.trial"
CURVE_POINTS = 20
"""Evaluations of one trial that are drawn. A point costs as much as a tenth of a run, and a run of 100 points 17 kB;
the full curves are an artifact of the report run."""

PARAMS = [column.name for column in in_role(RESULT_COLUMNS, "param")]
TAGS = [column.name for column in in_role(RESULT_COLUMNS, "tag")]
SCALARS = {column.metric or column.name: column.name for column in in_role(RESULT_COLUMNS, "metric")}
"""Metric of a whole trial -> column of the results; the names differ from those of the curves."""
CURVES = [column.name for column in in_role(CURVE_COLUMNS, "metric")]


def trial_entries(
    results: pd.DataFrame, curves: pd.DataFrame, grid: str, colours: Mapping[str, str], written: Mapping[str, float]
) -> Iterator[RunContent]:
    """One entry for each finished trial, in the order of the rows.

    colours: `#rrggbb` of each method
    written: when trials finished, in seconds since the epoch; now where that is not known, as of tables alone
    """
    now = time.time()
    names = param_names([name for name in results.columns if name in PARAMS or name not in RESULT_COLUMNS])
    places = curves.groupby("trial", sort=False).indices if len(curves) else {}
    rows = finished(results)
    for first in range(0, len(rows), PART):  # as Python's values rows take ten times the memory
        for row in rows.iloc[first : first + PART].to_dict("records"):
            own = places.get(row["trial"])
            end = round(1000 * written.get(row["trial"], now))
            yield _entry(row, None if own is None else curves.iloc[own], names, grid, colours, end)


def _entry(
    row: Mapping[Any, Any], curve: pd.DataFrame | None, names: Mapping[str, str], grid: str, colours: Mapping[str, str],
    end: int,
) -> RunContent:  # fmt: skip
    length, seed = text(row["length"]), text(row["seed"])
    tags = {f"seqbench.{name}": text(row[name]) for name in TAGS if _present(row.get(name))}
    diverged = Point("diverged", float(row["outcome"] == "diverged"))
    values = ((metric, finite(row.get(column))) for metric, column in SCALARS.items())
    scalars = [Point(metric, value) for metric, value in values if value is not None]
    return RunContent(
        key=str(row["trial"]),
        name=f"{row['method']}, length {length}, seed {seed}, {row['task']}",  # the page truncates long names
        tags={
            **tags,
            "seqbench.grid": grid,
            "seqbench.kind": "trial",
            "mlflow.runColor": colours.get(str(row["method"]), "#777777"),
        },
        params={name: text(row[column]) for column, name in names.items() if _present(row[column])},
        points=(diverged, *scalars, *(_curve_points(curve) if curve is not None else ())),
        start=max(0, end - round(1000 * (finite(row.get("seconds")) or 0.0))),  # archives may set a time of 0
        end=end,
    )


def _curve_points(curve: pd.DataFrame) -> Iterator[Point]:
    """At most `CURVE_POINTS` evaluations, the first and the last among them; only finite numbers."""
    rows = curve.sort_values("step")
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), CURVE_POINTS)).round().astype(int))
    for row in rows.iloc[kept].to_dict("records"):
        for metric in CURVES:
            value = finite(row.get(metric))
            if value is not None:
                yield Point(metric, value, int(row["step"]), finite(row.get("seconds")) or 0.0)


def param_names(columns: Iterable[str]) -> dict[str, str]:
    """A name that MLflow takes for each column: letters, digits and `_-. :`, not two alike."""
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"[^\w\-. :]", "_", column)[:200].strip(". ") or "factor"
        while name in names.values():
            name += "_"
        names[column] = name
    return names


def finite(value: Any) -> float | None:
    """A finite float, or None: MLflow stores NaN as 0 and ranks infinity first."""
    if not _present(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def text(value: Any) -> str:
    """A value as text of a param; whole numbers have no point, although a column with gaps holds them as floats."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _present(value: Any) -> bool:
    return value is not None and value is not pd.NA and not (isinstance(value, float) and math.isnan(value))
