"""A whole grid of 64 trials from command to last row, beside plain PyTorch and plain Flax harnesses.

Imports, compilation and, for seqbench, the MLflow mirror and the report are inside the time. All train the same number
of steps with as many processes as cores. seqbench runs twice: with an empty compilation cache and with the one that the
first run left.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqbench.bench.process import measure
from seqbench.bench.steps import CONTESTANTS
from seqbench.compilation_cache import VARIABLE as CACHE_VARIABLE
from seqbench.execution.worker import SINGLE_THREAD
from seqbench.store.results import load_results

STEPS = 300

GRID = """\
question: What does a whole grid cost?
tasks: [delayed_recall]
lengths: [25, 50, 100, 200]
seeds: 4
probes: none
model: {stacked: {width: 64}}
mitigations: [clip_global_norm]
training: {steps: STEPS, batch_size: 32, evaluate_every: 100, stop_when_solved: false}
methods:
  - {name: vanilla}
  - {name: IRNN, cell: {vanilla: {activation: relu}}, mitigations: [clip_global_norm, identity_init]}
  - {name: LSTM, cell: lstm}
  - {name: GRU, cell: gru}
"""
"""64 trials: 4 methods at 4 lengths with 4 seeds. The harnesses in `contestants/` train the same."""


GOALS = {"PyTorch by hand": 4.0, "Flax by hand": 3.0}
"""How many times as long as seqbench from an empty cache each should take."""


def time_grids(
    pytorch: Path | None, *, processes: int, rounds: int, say: Callable[[str], None], steps: int = STEPS
) -> list[dict[str, Any]]:
    """One row a harness: median seconds, and how many times as long as seqbench from an empty cache (median of rounds).

    Of seqbench's seconds also: those of training with its evaluations, those of compilation, each divided by the
    number of workers, and the rest.

    Args:
        pytorch: the Python of an environment with PyTorch; None leaves it out.
        processes: workers of every harness.
        rounds: how often each harness has its turn.
        say: called with a line about each run as it begins.
        steps: training steps of every trial.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            for name, (command, environment) in _harnesses(pytorch, Path(place), processes, steps).items():
                say(f"a grid of 64 trials: {name}")
                seconds = measure(command, folder=Path(place), environment=environment).seconds
                found.setdefault(name, []).append(_parts(seconds, _results(command), processes))
    base = [own["seconds"] for own in found["seqbench, empty cache"]]
    return [_row(name, own, base) for name, own in found.items()]


def _row(name: str, own: Sequence[Mapping[str, float]], base: Sequence[float]) -> dict[str, Any]:
    parts = {part: statistics.median(one[part] for one in own) for part in own[0]}
    ratio = statistics.median(one["seconds"] / other for one, other in zip(own, base, strict=True))
    return {"harness": name, "seconds": parts.pop("seconds"), "ratio": ratio, "goal": GOALS.get(name)} | parts


def _parts(seconds: float, results: Path | None, processes: int) -> dict[str, float]:
    """Where the seconds of a run went, if it was one of seqbench."""
    if results is None:
        return {"seconds": seconds}
    trials = load_results(results)
    training, compilation = (float(trials[name].sum()) / processes for name in ("seconds", "compile_seconds"))
    rest = seconds - training - compilation
    return {"seconds": seconds, "training_seconds": training, "compilation_seconds": compilation, "rest_seconds": rest}


def _results(command: Sequence[str]) -> Path | None:
    """The results folder of a command of seqbench."""
    return Path(command[command.index("--results") + 1]) / "bench" if "--results" in command else None


def _harnesses(
    pytorch: Path | None, place: Path, processes: int, steps: int
) -> dict[str, tuple[Sequence[str], Mapping[str, str]]]:
    """Command and environment of every harness, in the order in which they run."""
    grid = place / "bench.yaml"
    grid.write_text(GRID.replace("STEPS", str(steps)))
    cache = {CACHE_VARIABLE: str(place / "cache")}
    ours = [sys.executable, "-m", "seqbench", "run", str(grid), "--workers", str(processes), "--quiet"]
    harnesses: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {
        "seqbench, empty cache": ([*ours, "--results", str(place / "cold")], cache),
        "seqbench, warm cache": ([*ours, "--results", str(place / "warm")], cache),
        "Flax by hand": (
            [sys.executable, "-m", "seqbench.bench.contestants.grid_flax", str(processes), "flax.csv", str(steps)],
            SINGLE_THREAD,
        ),
    }
    if pytorch:
        script = str(CONTESTANTS / "grid_pytorch.py")
        harnesses["PyTorch by hand"] = ([str(pytorch), script, str(processes), "pytorch.csv", str(steps)], {})
    return harnesses
