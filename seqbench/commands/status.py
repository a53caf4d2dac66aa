"""`seqbench status`: how far a grid is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, print_json
from seqbench.commands.counted import counted
from seqbench.commands.searches import search_facts, search_table
from seqbench.execution.known import Known, known
from seqbench.execution.remaining import complete
from seqbench.execution.run import planned
from seqbench.grid.spec import Grid
from seqbench.plan.horizon import SeedSearch
from seqbench.plan.plan import plan
from seqbench.printable import printable
from seqbench.schema import OUTCOMES
from seqbench.store import tables
from seqbench.store.failures import Failure
from seqbench.store.from_tables import records_from_tables
from seqbench.store.ownership import require_own
from seqbench.store.plan_file import lengths_planned_in
from seqbench.store.results import load
from seqbench.store.trials import SetAside, TrialStore

if TYPE_CHECKING:
    import pandas as pd


class _Kept(NamedTuple):
    """What a results folder holds.

    outcomes: outcome by trial, of those that have finished
    known: what is known of the same trials, if their records can be had
    table: the rows of what has finished where they cannot; else None
    tables_only: whether the folder came with its tables alone, as a clone does
    damaged: trial files that cannot be used
    """

    outcomes: Mapping[str, str]
    known: Sequence[Known]
    table: pd.DataFrame | None
    tables_only: bool
    damaged: int


class _Wanted(NamedTuple):
    """What a grid asks for.

    trials: identities of the planned trials
    incomplete: those that have finished without something that the grid asks for by now
    """

    grid: str
    trials: Collection[str]
    waiting: int
    incomplete: Collection[str]
    searches: Sequence[SeedSearch]


def status(asked: Asked, *, as_json: bool) -> None:
    """Print how many trials of a grid are finished, incomplete, missing and failed, their outcomes, and each search.

    Raises:
        GridError: the grid cannot be read, or there is neither a grid nor results of this name.
        UsageError: the folder holds the results of another grid of this name.
        StoreError: the plan or the tables are damaged.
    """
    grid = asked.read()
    folder = asked.folder_of(grid)
    kept = _kept(folder)
    wanted = _wanted(grid, folder, kept)
    facts = _facts(wanted, kept, TrialStore(folder).read_failures())
    if as_json:
        print_json(facts | {"searches": search_facts(wanted.searches)})
        return
    _print(facts, folder, again=asked.command("run", *tables.option(folder)))
    if wanted.searches:
        out().print(search_table(wanted.searches))


def _kept(folder: Path) -> _Kept:
    if not tables.alone(folder):
        set_aside: list[SetAside] = []
        finished = [known(record) for record in TrialStore(folder).each(set_aside)]
        return _Kept(_outcomes(finished), finished, None, False, len(set_aside))
    if records := records_from_tables(folder):
        finished = [known(record) for record in records]
        return _Kept(_outcomes(finished), finished, None, True, 0)
    table = load(folder).finished  # of a version whose tables do not say which probes were read
    return _Kept(dict(zip(table["trial"], table["outcome"], strict=True)), (), table, True, 0)


def _outcomes(finished: Sequence[Known]) -> dict[str, str]:
    return {each.trial: each.outcome for each in finished}


def _wanted(grid: Grid, folder: Path, kept: _Kept) -> _Wanted:
    """What the grid asks for now."""
    if kept.table is None:
        current = planned(grid, kept.known, lengths_planned_in(folder))
    else:
        current = plan(grid, kept.table, bounded=False)
    trials = {trial.id: trial for trial in current.trials}
    require_own(folder, question=grid.question, trials=trials.keys())
    here = [each for each in kept.known if each.trial in trials]
    incomplete = [each.trial for each in here if not complete(each, trials[each.trial], grid, folder)]
    return _Wanted(grid.name, trials.keys(), current.waiting, incomplete, current.searches)


def _facts(wanted: _Wanted, kept: _Kept, failures: Mapping[str, Failure]) -> dict[str, Any]:
    """What is printed. Every planned trial is finished, incomplete or missing; incomplete ones have an outcome."""
    trials = set(wanted.trials)
    here = [outcome for trial, outcome in kept.outcomes.items() if trial in trials]
    counts = Counter(here)
    failed = {trial: failure._asdict() for trial, failure in failures.items() if trial in trials}
    return {
        "grid": wanted.grid,
        "planned": len(trials),
        "finished": len(here) - len(wanted.incomplete),
        "incomplete": len(wanted.incomplete),
        "missing": len(trials) - len(here),
        "waiting": wanted.waiting,
        "failed": len(failed),
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES},
        "failures": failed,
        "tables_only": kept.tables_only,
        "damaged": kept.damaged,
    }


def _print(facts: dict[str, Any], folder: Path, *, again: str) -> None:
    """The facts for people; `again` is the command that goes on."""
    console = out()
    console.print(f"{facts['grid']}: {facts['finished']:,} of {facts['planned']:,} trials finished")
    for key in ("incomplete", "missing", "waiting", "failed", "damaged"):
        if facts[key]:
            console.print(f"  {key:10s}{facts[key]:>8,}")
    for outcome, count in facts["outcomes"].items():
        console.print(f"  {outcome:10s}{count:>8,}")
    if facts["tables_only"]:
        console.print(f"\nThis is what the tables hold: {folder} has no trial files.")
    if facts["incomplete"]:
        console.print(
            f"\n{counted(facts['incomplete'], 'trial', 'has', 'have')} finished without probes, tests or parameters "
            f"that the grid asks for now: trained again, to the same numbers, with: {again}"
        )
    for trial, failure in facts["failures"].items():
        console.print(f"\n{trial} failed: {printable(failure['reason'])}", markup=False)
    if facts["failures"]:
        console.print(f"Tracebacks: {folder / 'failures'}. Try them again with: {again}")
