"""Grids of trials made up for the tests: real enough to have gaps, divergence and failing seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.task_arrays import complete

LENGTHS = (12, 25, 50, 100)


def trial(method: str, task: str, length: int, seed: int, *, solved: bool, **columns: object) -> dict[str, object]:
    """One finished reporting trial."""
    name = [method, task, length, seed, columns.get("purpose", ""), columns.get("learning_rate", 0.01)]
    return {
        "trial": "-".join(map(str, name)),
        "method": method, "task": task, "length": length, "seed": seed, "learning_rate": 0.01, "purpose": "reporting",
        "outcome": "solved" if solved else "chance", "accuracy": 0.99 if solved else 0.5,
        "loss": 0.05 if solved else 0.69,
        "validation_accuracy": 0.99 if solved else 0.5, "chance": 0.5, "trivial": 0.5, "solved_metric": "accuracy",
        "solved_threshold": 0.95, "solved_at": 400.0 if solved else np.nan,
        "diverged_at": np.nan, "diverged_kind": None,
        "steps": 1000, "budget": 1000, "evaluate_every": 100, "seconds": 2.0, "parameters": 1000, "batch_size": 32,
        **columns,
    }  # fmt: skip


@pytest.fixture
def grid() -> Callable[..., pd.DataFrame]:
    """Makes a results frame: `grid({"plain": 0, "gru": 4}, seeds=10)` gives every method's horizon as a place 0..4.

    A horizon may be a list, one place a seed. `task` and `lengths` are settable.
    """

    def make(
        reach: Mapping[str, int | list[int]],
        *,
        seeds: int = 10,
        task: str = "adding",
        lengths: tuple[int, ...] = LENGTHS,
    ) -> pd.DataFrame:
        rows = []
        for method, places in reach.items():
            own = [places] * seeds if isinstance(places, int) else places
            rows += [
                trial(method, task, length, 1000 + seed, solved=index < place)
                for seed, place in enumerate(own)
                for index, length in enumerate(lengths)
            ]
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def crossed(grid: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """Makes a crossed grid: `crossed({"clip": ("none", "norm"), ...}, reach)`; `reach(levels, seed) -> place`."""

    def make(
        factors: Mapping[str, tuple[str, ...]], reach: Callable[[dict[str, str], int], int], seeds: int = 10
    ) -> pd.DataFrame:
        parts = []
        for levels in product(*factors.values()):
            own = dict(zip(factors, levels, strict=True))
            name = "+".join(level for level in levels if level != "none") or "plain"
            parts.append(grid({name: [reach(own, seed) for seed in range(seeds)]}, seeds=seeds).assign(**own))
        return complete(pd.concat(parts, ignore_index=True))

    return make
