"""What seqbench costs beside training: planning, resuming, reporting, and the start of the first trial."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqbench.bench.process import measure

LARGE = """\
question: What does planning cost?
tasks: [delayed_recall]
lengths: [LENGTHS]
seeds: SEEDS
training: {steps: 100}
methods: [METHODS]
"""
PLANS = (("10^5 trials", 10, 10, 1_000), ("10^6 trials", 10, 10, 10_000))
"""Name, methods, lengths and seeds of the large grids that are planned."""


def large_grid(methods: int, lengths: int, seeds: int) -> str:
    """A grid of so many trials, as text."""
    names = ", ".join(f"{{name: m{n}, training: {{learning_rate: {(n + 1) * 1e-4:.1e}}}}}" for n in range(methods))
    steps = ", ".join(str(10 * (n + 1)) for n in range(lengths))
    return LARGE.replace("LENGTHS", steps).replace("SEEDS", str(seeds)).replace("METHODS", names)


def time_overheads(*, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a command: median seconds, processor seconds and peak memory in MiB."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands: dict[str, Sequence[str]] = {"plan factorial": _ours("plan", "factorial", "--json")}
        for name, *sizes in PLANS:
            grid = folder / f"{name.replace('^', '').replace(' ', '-')}.yaml"
            grid.write_text(large_grid(*sizes))
            commands[f"plan {name}"] = _ours("plan", str(grid), "--json")
        commands["help"] = _ours("--help")
        commands["list"] = _ours("list")
        return [_row(name, command, folder, rounds, say) for name, command in commands.items()]


def _ours(*words: str) -> list[str]:
    return [sys.executable, "-m", "seqbench", *words]


def _row(name: str, command: Sequence[str], folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    say(f"seqbench {name}")
    used = sorted(measure(command, folder=folder) for _ in range(rounds))
    middle = used[len(used) // 2]
    return {
        "command": name,
        "seconds": middle.seconds,
        "cpu_seconds": middle.cpu_seconds,
        "peak_mib": max(one.peak_mib for one in used),
    }
