"""`seqbench status`: how far a grid is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, print_json
from seqbench.commands.searches import search_facts, search_table
from seqbench.execution.remaining import complete
from seqbench.execution.run import planned
from seqbench.grid.spec import Grid
from seqbench.plan.plan import Plan
from seqbench.printable import last_line
from seqbench.schema import OUTCOMES
from seqbench.store.from_tables import records_from_tables
from seqbench.store.ownership import require_own
from seqbench.store.records import Record
from seqbench.store.trials import TrialStore


def status(asked: Asked, *, as_json: bool) -> None:
    """Print how many trials of a grid are finished, incomplete, missing and failed, their outcomes, and each search.

    Raises:
        GridError: the grid cannot be read. UsageError: the folder holds the results of another grid of this name.
    """
    grid = asked.read()
    store = TrialStore(asked.results / grid.name)
    records, set_aside = store.read()
    records += records_from_tables(store.folder)
    current = planned(grid, records)
    facts = _facts(grid, store, current, records) | {"damaged": len(set_aside)}
    if as_json:
        print_json(facts | {"searches": search_facts(current.searches)})
        return
    _print(facts, store, again=asked.command("run"))
    if current.searches:
        out().print(search_table(current.searches))


def _facts(grid: Grid, store: TrialStore, current: Plan, records: Sequence[Record]) -> dict[str, Any]:
    """What is printed. Every planned trial is finished, incomplete or missing; incomplete ones have an outcome."""
    known = {trial.id: trial for trial in current.trials}
    require_own(store.folder, question=grid.question, trials=known.keys())
    here = [record for record in records if record.trial in known]
    finished = sum(complete(record, known[record.trial], grid, store.folder) for record in here)
    counts = Counter(record.row["outcome"] for record in here)
    failed = {trial: text for trial, text in store.read_failures().items() if trial in known}
    return {
        "grid": grid.name,
        "planned": len(known),
        "finished": finished,
        "incomplete": len(here) - finished,
        "missing": len(known) - len(here),
        "waiting": current.waiting,
        "failed": len(failed),
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES},
        "failures": failed,
    }


def _print(facts: dict[str, Any], store: TrialStore, *, again: str) -> None:
    """The facts for people."""
    console = out()
    console.print(f"{facts['grid']}: {facts['finished']:,} of {facts['planned']:,} trials finished")
    for key in ("incomplete", "missing", "waiting", "failed", "damaged"):
        if facts[key]:
            console.print(f"  {key:10s}{facts[key]:>8,}")
    for outcome, count in facts["outcomes"].items():
        console.print(f"  {outcome:10s}{count:>8,}")
    if facts["incomplete"]:
        console.print(
            f"\n{facts['incomplete']:,} trials have finished without probes, tests or parameters that the grid asks "
            f"for now. They train again, to the same numbers, with: {again}"
        )
    for trial, text in facts["failures"].items():
        console.print(f"\n{trial} failed: {last_line(text)}", markup=False)
    if facts["failures"]:
        console.print(f"Tracebacks: {store.failures}. Try them again with: {again}")
