"""The quickstart from the command to its end, with an empty and a warm cache, and where its workers' time goes."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqbench.bench.process import measure
from seqbench.compilation_cache import VARIABLE
from seqbench.grid.read import find_grid, read_grid
from seqbench.plan.plan import plan
from seqbench.store.results import load_results

GOALS = {"empty cache": (75.0, 0.10), "warm cache": (45.0, 0.02)}
"""Seconds, and the share of the workers' time that compilation takes, at most."""
PROBES_GOAL = 0.05
"""The share of the workers' time that probes take at most."""


def time_quickstart(*, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a state of the cache: median seconds and shares of the workers' time, with the goals."""
    found: dict[str, list[dict[str, float]]] = {state: [] for state in GOALS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            for state, own in found.items():
                say(f"the quickstart, {state}")
                own.append(_run(Path(place), state.partition(" ")[0]))
    return [_row(state, own) for state, own in found.items()]


def _run(place: Path, results: str) -> dict[str, float]:
    command = [sys.executable, "-m", "seqbench", "run", "quickstart", "--quiet", "--results", str(place / results)]
    seconds = measure(command, folder=place, environment={VARIABLE: str(place / "cache")}).seconds
    trials = load_results(place / results / "quickstart")
    parts = {name: float(trials[name].sum()) for name in ("seconds", "compile_seconds", "probe_seconds")}
    whole = sum(parts.values())
    return {
        "seconds": seconds,
        "worker_seconds": whole,
        "compilation": parts["compile_seconds"] / whole,
        "probes": parts["probe_seconds"] / whole,
    }


def _row(state: str, own: Sequence[dict[str, float]]) -> dict[str, Any]:
    middle = {name: statistics.median(each[name] for each in own) for name in own[0]}
    seconds, compilation = GOALS[state]
    return {
        "cache": state,
        "seconds": middle["seconds"],
        "goal_seconds": seconds,
        "worker_seconds": middle["worker_seconds"],
        "compilation_share": middle["compilation"],
        "compilation_goal": compilation,
        "probes_share": middle["probes"],
        "probes_goal": PROBES_GOAL,
        "groups": len(plan(read_grid(find_grid("quickstart"))).groups),
    }
