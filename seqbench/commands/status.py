"""`seqbench status`: how far a grid is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from seqbench.commands.console import out, print_json
from seqbench.commands.summary import command
from seqbench.execution.run import planned
from seqbench.grid.read import find_grid, read_grid
from seqbench.schema import OUTCOMES
from seqbench.store.trials import TrialStore


def status(name: str, results: Path, *, as_json: bool) -> None:
    """Print how many trials of a grid are finished, missing and failed, and what became of them."""
    grid = read_grid(find_grid(name))
    store = TrialStore(results / grid.name)
    records, damaged = store.read()
    current = planned(grid, records)
    known = {trial.id for trial in current.trials}
    finished = [record for record in records if record["trial"] in known]
    failed = {trial: text for trial, text in store.read_failures().items() if trial in known}
    counts = Counter(record["row"]["outcome"] for record in finished)
    facts = {
        "grid": grid.name,
        "planned": len(current.trials),
        "finished": len(finished),
        "missing": len(current.trials) - len(finished),
        "waiting": current.waiting,
        "failed": len(failed),
        "damaged": len(damaged),
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES},
        "failures": failed,
    }
    if as_json:
        print_json(facts)
        return
    console = out()
    console.print(f"{grid.name}: {facts['finished']:,} of {facts['planned']:,} trials finished")
    for key in ("missing", "waiting", "failed", "damaged"):
        if facts[key]:
            console.print(f"  {key:10s}{facts[key]:>8,}")
    for outcome in OUTCOMES:
        console.print(f"  {outcome:10s}{counts[outcome]:>8,}")
    for trial, text in failed.items():
        console.print(f"\n{trial} failed: {text.strip().splitlines()[-1]}")
    if failed:
        console.print(f"Tracebacks: {store.failures}. Try them again with: {command('run', name, results)}")
