"""A copy of a results folder that is small enough to commit, from which the report can be made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from seqbench.errors import UsageError
from seqbench.report.build import write_shown
from seqbench.report.evidence import Evidence
from seqbench.schema import TABLES
from seqbench.stats.gradient_norms import PROBE, at_longest
from seqbench.store.from_tables import BY_DISTANCE
from seqbench.store.plan_file import load_plan, write_plan
from seqbench.store.results import Results, load, under_plan, write_tables


def publish(results: Results, folder: Path, into: Path) -> list[Path]:
    """Write plan, tables, `report.md` and its figures to a folder, and return their paths.

    Why trials crashed stays behind: they count as missing. Times are kept as finely as a clock tells them.

    Args:
        results: the results of a grid; all their measurements are held in memory.
        folder: where these are kept.
        into: a folder that holds nothing, or an earlier copy.

    Raises:
        UsageError: `into` is `folder` itself, or holds anything else. StoreError: it cannot be written.
    """
    _require_copy(into, folder, results)
    own = under_plan(results, results.plan)
    lean = replace(
        own, trials=to_the_clock(own.trials, "results"), curves=to_the_clock(own.curves, "curves"),
        probes=shown_measurements(results), failures={},
    )  # fmt: skip
    write_plan(into, lean.plan)
    write_tables(into, lean)
    write_shown(Evidence(lean), into)
    return sorted(path for path in into.rglob("*") if path.is_file())


def _require_copy(into: Path, folder: Path, results: Results) -> None:
    """Refuse a folder whose content is no earlier copy of these results."""
    if into.resolve() == folder.resolve():
        raise UsageError(f"{into} holds the results themselves, which a copy would thin: name another folder")
    if (into / "trials").exists():
        raise UsageError(f"{into} holds trial files, which a copy would not agree with: name another folder")
    if not into.is_dir() or not any(into.iterdir()):
        return
    grid = results.plan.grid
    if not (into / "plan.json").exists() or load_plan(into).grid != grid:
        raise UsageError(f"{into} holds what is no copy of the results of {grid}: name another folder")
    if lost := set(load(into).finished["trial"]) - set(results.finished["trial"]):
        raise UsageError(
            f"{into} holds finished trials that {folder} lacks ({len(lost):,}): merge them first (seqbench merge)"
        )


def shown_measurements(results: Results) -> pd.DataFrame:
    """Those of the measurements that a report looks at: of networks before and after training.

    Of figures by distance it shows the nearest and the farthest, and of the gradient before training, at the longest
    length of a method on a task, all. Accuracies stay.
    """
    rows = results.probes
    by_probe, by_figure = (rows.groupby(keys, sort=False) for keys in (["trial", "probe"], ["trial", "step", "probe"]))
    first, at = rows["step"] == 0, rows["distance"]
    accuracy = rows["probe"].isin(BY_DISTANCE) | rows["probe"].str.startswith("accuracy_")
    drawn = first & (rows["probe"] == PROBE) & rows["trial"].isin(at_longest(results.reporting)["trial"])
    read = first | (rows["step"] == by_probe["step"].transform("max"))
    ends = at.isna() | (at == by_figure["distance"].transform("min")) | (at == by_figure["distance"].transform("max"))
    return rows[(accuracy | drawn | (read & ends)).fillna(False).astype(bool)].reset_index(drop=True)


def to_the_clock(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """The rows of a table with times to 1/1024 s: finer is noise, and takes room, as its binary digits do not end."""
    times = [name for name, column in TABLES[table].items() if column.unit == "seconds"]
    return rows.assign(**{name: (rows[name] * 1024).round() / 1024 for name in times})
