"""What seqbench costs beside training: planning, resuming, reporting, and the start of the first trial."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqbench.bench.finished_grid import finished_grid
from seqbench.bench.process import measure, running
from seqbench.compilation_cache import VARIABLE
from seqbench.errors import StoreError
from seqbench.grid.read import find_grid, read_grid
from seqbench.plan.plan import plan

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


GOALS = {"plan factorial": 2, "plan 10^5 trials": 3, "plan 10^6 trials": 15, "status": 5, "report": 15, "run": 8}
"""Seconds that a command should take at most, by how its name begins."""


def large_grid(methods: int, lengths: int, seeds: int) -> str:
    """A grid of so many trials, as text."""
    names = ", ".join(f"{{name: m{n}, training: {{learning_rate: {(n + 1) * 1e-4:.1e}}}}}" for n in range(methods))
    steps = ", ".join(str(10 * (n + 1)) for n in range(lengths))
    return LARGE.replace("LENGTHS", steps).replace("SEEDS", str(seeds)).replace("METHODS", names)


FINISHED = 5_000
"""Trials of the grid that is resumed and reported."""


def time_overheads(
    *,
    rounds: int,
    say: Callable[[str], None],
    plans: Sequence[tuple[str, int, int, int]] = PLANS,
    finished: int = FINISHED,
) -> list[dict[str, Any]]:
    """One row a command: median seconds, processor seconds and peak memory in MiB; of a page also its MiB."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands: dict[str, Sequence[str]] = {"plan factorial": _ours("plan", "factorial", "--json")}
        for name, *sizes in plans:
            grid = folder / f"{name.replace('^', '').replace(' ', '-')}.yaml"
            grid.write_text(large_grid(*sizes))
            commands[f"plan {name}"] = _ours("plan", str(grid), "--json")
        commands["help"] = _ours("--help")
        commands["list"] = _ours("list")
        say(f"a grid of {finished:,} finished trials")
        done = str(finished_grid(folder, trials=finished))
        commands[f"status of {finished:,} finished trials"] = _ours("status", done)
        commands[f"report of {finished:,} trials"] = _ours("report", done)
        rows = [_row(name, command, folder, rounds, say) for name, command in commands.items()]
        page = folder / "results" / "finished" / "report.html"
        rows[-1]["page_mib"] = page.stat().st_size / 2**20
        rows[0]["compilations"] = len(plan(read_grid(find_grid("factorial"))).groups)
        return [{**row, "goal_seconds": _goal(row["command"])} for row in (*rows, _first_trial(folder, rounds, say))]


def _goal(command: str) -> float | None:
    return next((goal for name, goal in GOALS.items() if command.startswith(name)), None)


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


def _first_trial(folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds from `run quickstart` to its first finished trial; a first round, not counted, fills the cache."""
    say("seqbench run quickstart, to its first trial")
    took = []
    for round_ in range(rounds + 1):
        results = folder / f"first-{round_}"
        command = _ours("run", "quickstart", "--no-tracking", "--quiet", "--results", str(results))
        began = time.monotonic()
        with running(command, folder=folder, environment={VARIABLE: str(folder / "cache")}) as process:
            while not list(results.glob("quickstart/trials/*.json")):
                if process.poll() is not None:
                    raise StoreError(f"{' '.join(command)} ended with code {process.returncode} before its first trial")
                time.sleep(0.02)
            took.append(time.monotonic() - began)
    return {"command": "run quickstart, to its first trial (warm cache)", "seconds": sorted(took[1:])[rounds // 2]}
