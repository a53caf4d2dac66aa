"""Evidence whose methods remember as far as a test says, and what its tables read."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.report.evidence import Evidence


def texts(table: Any, column: int = 0) -> list[str]:
    return [row[column].text for row in table.entries]


def solved_up_to(make: Any, places: dict[str, list[int]], tasks: tuple[str, ...] = ("adding",)) -> Evidence:
    """Methods whose seeds solve as many of four lengths, from the shortest, as `places` says."""
    results = make.results(make.methods[: len(places)], make.lengths[:4], len(next(iter(places.values()))), tasks)
    names = dict(zip(results["method"].unique(), places, strict=True))
    results["method"] = results["method"].map(names)
    results = results.drop(columns=["gating", "clipping", "initialisation", "skip"])
    reach = [places[row.method][row.seed - 1000] > make.lengths.index(row.length) for row in results.itertuples()]
    results["outcome"] = np.where(reach, "solved", "chance")
    results["accuracy"], results["diverged_at"] = np.where(reach, 0.97, 0.2), np.nan
    results["solved_at"] = np.where(reach, 2000.0, np.nan)
    return make.evidence(results)
