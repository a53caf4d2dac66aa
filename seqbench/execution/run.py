"""Run a grid: find what is missing, train it, keep it, and go on until the plan has nothing more to ask.

A grid that is tuned plans its reporting trials only once its tuning trials are in, so planning and training alternate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from seqbench.execution.environment import fingerprint
from seqbench.execution.events import Crashed, Event, Finished
from seqbench.execution.job import CHECKPOINT_SECONDS, job_of
from seqbench.execution.local import Pool
from seqbench.execution.plan_file import labels, write_plan
from seqbench.execution.process import say
from seqbench.execution.remaining import complete, missing
from seqbench.grid.spec import Grid
from seqbench.plan.plan import Plan, Trial, plan
from seqbench.plan.selection import LOOKED_AT
from seqbench.store.checkpoints import begun, checkpoint_path
from seqbench.store.lock import held
from seqbench.store.ownership import require_own
from seqbench.store.results import tables_of, write_tables
from seqbench.store.trials import Record, TrialStore


class Found(NamedTuple):
    """What a run found before it began.

    begun: trials that were interrupted and go on from a checkpoint
    lacking: finished trials that lack what the grid asks for by now (probes, parameters), and are trained again
    unfinished_run: how the previous run ended, if it did so without a goodbye
    """

    planned: int
    finished: int
    begun: int
    crashed: int
    lacking: int
    damaged: tuple[Path, ...]
    unfinished_run: dict[str, object] | None


class Summary(NamedTuple):
    """What a run left: how many trials there are, are finished, and crashed."""

    planned: int
    finished: int
    crashed: int


Finder = Callable[[Plan, Found], None]
Observer = Callable[[Trial, Event], None]


def run_grid(
    grid: Grid,
    folder: Path,
    *,
    workers: int,
    only: str | None = None,
    found: Finder = lambda plan, found: None,
    observe: Observer = lambda trial, event: None,
    say: Callable[[str], None] = say,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Summary:
    """Train what is missing of a grid.

    Args:
        grid: what to run.
        folder: its results folder; made if absent.
        workers: worker processes.
        only: train this one trial (again, if it has finished) and nothing else.
        found: told what is there, before training begins and after every round of it.
        observe: told every event of the workers after it has been kept.
        say: given each line of the workers' standard errors, in threads.
        checkpoint_seconds: seconds of training between two checkpoints of a trial.

    Raises:
        GridBusy, StoreError, UsageError: another process runs this grid; the folder
            cannot be written; it holds the results of another grid.
    """
    run = _Run(grid, folder, only, found, observe)
    ask = partial(job_of, probes=grid.probes, folder=folder, keep_parameters=grid.keep_parameters,
                  checkpoint_seconds=checkpoint_seconds)  # fmt: skip
    with held(folder) as unfinished, Pool(workers, ask=ask, say=say) as pool:
        run.look(unfinished)
        while groups := missing(run.plan, run.done, only=only):
            pool.run(groups, run.keep)
            run.look(None)
            if only is not None:
                break
        return run.close()


class _Run:
    """A run between two plans: what is planned, what is done, and what becomes of each event."""

    def __init__(self, grid: Grid, folder: Path, only: str | None, found: Finder, observe: Observer) -> None:
        self.grid, self.folder, self.only, self.found, self.observe = grid, folder, only, found, observe
        self.store = TrialStore(folder)
        self.crashed: set[str] = set()
        self.done: set[str] = set()
        self.finished: set[str] = set()
        self.plan: Plan
        self._records: list[Record] = []
        self._trials: dict[str, Trial] = {}

    def look(self, unfinished: dict[str, object] | None) -> None:
        """Read what is there, plan, and tell."""
        self._records, damaged = self.store.read(quarantine=True)
        self.plan = planned(self.grid, self._records)
        self._trials = {trial.id: trial for trial in self.plan.trials}
        require_own(self.folder, question=self.grid.question, trials=self._trials.keys())
        write_plan(self.folder, self.plan, self._records)
        here = [record for record in self._records if record["trial"] in self._trials]
        self.finished = {record["trial"] for record in here if complete(record, self.grid, self.folder)}
        # What is asked for by name is trained whatever has become of it before.
        self.done = self.crashed | (self.finished if self.only is None else set())
        state = Found(
            planned=len(self._trials),
            finished=len(self.finished),
            begun=len(begun(self.folder) & set(self._trials) - self.done),
            crashed=len(self.crashed),
            lacking=len(here) - len(self.finished),
            damaged=tuple(damaged),
            unfinished_run=unfinished,
        )
        self.found(self.plan, state)

    def keep(self, event: Event) -> None:
        """Keep what finished or crashed, then pass the event on."""
        trial = self._trials[event.trial]
        if isinstance(event, Finished):
            self.store.write(record_of(trial, event))
            checkpoint_path(self.folder, trial.id).unlink(missing_ok=True)
        elif isinstance(event, Crashed):
            self.crashed.add(trial.id)
            self.store.write_failure(trial.id, event.traceback)
        self.observe(trial, event)

    def close(self) -> Summary:
        """Write the tables of what was found last."""
        write_tables(self.folder, tables_of(self._records, labels(self.plan)))
        return Summary(len(self._trials), len(self.finished), len(self.crashed))


def planned(grid: Grid, records: list[Record]) -> Plan:
    """The plan as far as it can be known from these finished trials."""
    import pandas as pd

    rows = [{"trial": record["trial"]} | {name: record["row"].get(name) for name in LOOKED_AT} for record in records]
    return plan(grid, pd.DataFrame(rows, columns=["trial", *LOOKED_AT]))


def record_of(trial: Trial, event: Finished) -> Record:
    """What is kept of a finished trial. `parameters` is the SHA-256 of the file that holds them, or None."""
    return {
        "trial": trial.id,
        "settings": trial.settings,
        "row": event.row | {"environment": fingerprint(event.environment)},
        "environment": event.environment,
        "curve": event.curve,
        "probed": event.probed,
        "probes": event.probes,
        "parameters": event.parameters,
    }
