"""Run a grid: find what is missing, train it, keep it, and go on until the plan has nothing more to ask.

A grid that is tuned, or that searches, plans further trials once others have finished: whenever a worker would idle,
the grid is planned again from all that has finished by then. What a plan asks for depends on what has finished and not
on the order in which it did, so that the results are those of any other order. A plan may stop asking for a trial that
is in training by then, where a check contradicts earlier results: it is trained to its end and kept all the same.

The trial files are read once, at the beginning; what finishes is added to what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from seqbench.components.carried import carried_in, file_name
from seqbench.errors import UsageError
from seqbench.execution.environment import fingerprint
from seqbench.execution.events import Crashed, Event, Finished
from seqbench.execution.job import CHECKPOINT_SECONDS, job_of
from seqbench.execution.known import Known, environments_of, known, looked_at
from seqbench.execution.place import Place
from seqbench.execution.plan_content import plan_content
from seqbench.execution.pool import Pool
from seqbench.execution.process import say
from seqbench.execution.remaining import complete, missing
from seqbench.execution.restore import read_tables, write_trials
from seqbench.execution.time_limit import Limit, default_limit
from seqbench.execution.trial_names import full_name
from seqbench.grid.spec import Grid
from seqbench.plan.examined import NONE, examine
from seqbench.plan.plan import Group, Plan, Trial, plan, plan_examined
from seqbench.store import atomic, tables
from seqbench.store.checkpoints import begun, checkpoint_path
from seqbench.store.failures import Failure
from seqbench.store.lock import held
from seqbench.store.ownership import require_own
from seqbench.store.plan_file import PlanFile, lengths_planned_in, write_plan
from seqbench.store.records import Record
from seqbench.store.results import Results, results_stored, write_tables
from seqbench.store.trials import SetAside, TrialStore

COMPONENTS = "components"
"""Folder, in a grid's, of the programs of functions that were given to it from a notebook or a script."""


class RoundStart(NamedTuple):
    """What is there before a round of training.

    planned: all trials of the plan so far
    begun: trials that were interrupted and continue from a checkpoint
    outdated: finished trials that lack what the grid now asks for (probes, parameters), and are trained again
    set_aside: trial files that could not be used; their trials are trained again
    interrupted: what the previous run noted, if it was killed or lost power; else None
    outcomes: of the finished trials of the plan, by trial
    only: the trials that are trained, again if they have finished; empty where all that are missing are
    """

    planned: int
    finished: int
    begun: int
    outdated: int
    set_aside: tuple[SetAside, ...]
    interrupted: dict[str, object] | None
    outcomes: Mapping[str, str] = MappingProxyType({})
    only: frozenset[str] = frozenset()


Finder = Callable[[Plan, RoundStart], None]
Observer = Callable[[Trial, Event], None]


def run_grid(
    grid: Grid,
    folder: Path,
    *,
    workers: int | None,
    place: Place | None = None,
    only: set[str] | None = None,
    from_tables: bool = False,
    found: Finder = lambda plan, found: None,
    observe: Observer = lambda trial, event: None,
    finish: Callable[[Results], None] = lambda results: None,
    say: Callable[[str], None] = say,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    limit: Limit = default_limit,
) -> Results:
    """Train what is missing of a grid, and return all that its folder then holds.

    Args:
        grid: what to run.
        folder: its results folder; made if absent.
        workers: workers at most; None for as many as the place holds.
        place: where they run, by default this machine.
        only: the trials to train and no others, again if they have finished; the first letters of their names will do.
        from_tables: go on from the tables of a folder without trial files, as in a clone; else all is trained.
        found: called with what is there, before training begins and whenever the grid has been planned again.
        observe: called with every event of the workers after it has been kept.
        finish: called with the results while no other process can run this grid: for what must happen once.
        say: called with each line that a worker has for the user; what trials print goes to their logs.
        checkpoint_seconds: seconds of training between two checkpoints of a trial.
        limit: seconds that a trial may take, with compilation.

    Raises GridBusy if another process runs this grid, StoreError or UsageError if the folder or place cannot be used.
    """
    with held(folder, workers=workers) as interrupted:
        run = _Run(grid, folder, only, found, observe, from_tables=from_tables, bounded=place is None or place.here)
        found(run.plan, run.found(interrupted))
        file = run.train(partial(Pool, workers, place=place, say=say, folder=folder, limit=limit), checkpoint_seconds)
        del run  # what planning knows of many trials takes as much memory as their tables
        finish(results := _with_tables(folder, file))
    return results


def written_anew(grid: Grid, folder: Path) -> Results:
    """All that a results folder holds under the present plan of a grid, its plan and tables written; trains nothing.

    Only for the holder of its lock. Raises as `run_grid`.
    """
    run = _Run(
        grid, folder, None, lambda plan, found: None, lambda trial, event: None, from_tables=False, bounded=False
    )
    return _with_tables(folder, run.file)


def _with_tables(folder: Path, planned: PlanFile) -> Results:
    """All that a results folder holds of a plan, its tables written; those without trial files stay as they came."""
    results = results_stored(TrialStore(folder), planned, [])
    if not tables.alone(folder):
        write_tables(folder, results)
    return results


class _Run:
    """What has finished of a grid, and the plan as far as that allows it to be known.

    _trials, _asked: the trials of this plan, and of all plans so far, of which some may still be in training
    """

    plan: Plan
    file: PlanFile
    _trials: dict[str, Trial]
    _asked: dict[str, Trial]
    _finished: set[str]

    def __init__(
        self, grid: Grid, folder: Path, only: set[str] | None, tell: Finder, observe: Observer, *,
        from_tables: bool, bounded: bool,
    ) -> None:  # fmt: skip
        """Read what is there and plan. `found` is `tell` here, `bounded` as in `examine`, the rest as in `run_grid`."""
        self._grid, self._folder = grid, folder
        self._tell, self._observe = tell, observe
        self._store = TrialStore(folder)
        if only is not None and not from_tables and tables.alone(folder):
            raise UsageError(
                f"{folder} came with its tables alone, and to train single trials beside them they must become trial "
                "files: run it with --from-tables"
            )
        self._set_aside: list[SetAside] = []
        self._known = {each.trial: known(each) for each in self._store.each(self._set_aside, quarantine=True)}
        kept, damaged = read_tables(self._store) if from_tables else ([], [])
        self._set_aside += damaged
        self._known |= {record.trial: known(record) for record in kept}
        self._crashed: set[str] = set()
        self._trained: set[str] = set()
        self._asked = {}
        self._examined = examine(grid, bounded=bounded, trained=lengths_planned_in(folder))
        self._plan()
        require_own(folder, question=grid.question, trials=self._trials.keys())
        write_trials(self._store, kept, self._trials)
        self._store.forget_failures(self._known)
        for trial in begun(folder) & self._finished:
            atomic.remove(checkpoint_path(folder, trial))
        self._write()
        self._only = only and {self._full_name(typed) for typed in only}

    def replan(self) -> list[Group]:
        """Plan again, from all that has finished, keep the plan and tell of it; what is missing now."""
        self._plan()
        self._write()
        self._tell(self.plan, self.found(None))
        return self.missing()

    def train(self, pool_of: Callable[..., Pool], checkpoint_seconds: float) -> PlanFile:
        """Train what is missing, and whatever is asked for once that has finished; the plan as it is then."""
        groups = self.missing()
        if not groups:
            return self.file
        ask = partial(job_of, probes=self._grid.probes, folder=self._folder,
                      keep_parameters=self._grid.keep_parameters, checkpoint_seconds=checkpoint_seconds)  # fmt: skip
        with pool_of(ask=ask) as pool:
            pool.require(self.plan.estimate(1).bytes_per_worker)
            while groups:
                pool.run(groups, self.keep, more=self.more)
                groups = self.replan()
        return self.file

    def more(self) -> list[Group]:
        """What can be trained by now, where the plan depends on what has finished."""
        return self.replan() if self.plan.unfolding else []

    def missing(self) -> list[Group]:
        """The groups with the trials that are to be trained; with `only`, those, again if they had finished before."""
        done = self._crashed | (self._finished if self._only is None else self._trained)
        return missing(self.plan, done, only=self._only)

    def _full_name(self, typed: str) -> str:
        """The identity of a trial of this plan that was typed in full or begun. Raises UsageError."""
        return typed if typed in self._trials else full_name(typed, self._trials, of=self._grid.name)

    def _plan(self) -> None:
        self.plan = plan_examined(self._examined, looked_at(self._known.values()))
        self._trials = {trial.id: trial for trial in self.plan.trials}
        self._asked |= self._trials
        here = ((trial, self._known[name]) for name, trial in self._trials.items() if name in self._known)
        self._finished = {trial.id for trial, record in here if complete(record, trial, self._grid, self._folder)}

    def _write(self) -> None:
        self.file = plan_content(self.plan, environments_of(self._known.values()))
        # Tables without trial files stay as they came, with their plan, until a first trial has finished.
        if not tables.alone(self._folder):
            write_plan(self._folder, self.file)
        for name, text in carried_in([trial.settings for trial in self.plan.trials], self._grid.probes).items():
            atomic.write_text(self._folder / COMPONENTS / file_name(name), text)

    def found(self, interrupted: dict[str, object] | None) -> RoundStart:
        """What is there; see `RoundStart`."""
        return RoundStart(
            planned=len(self._trials),
            finished=len(self._finished),
            begun=len(begun(self._folder) & set(self._trials) - self._crashed - self._finished),
            outdated=len(self._known.keys() & self._trials.keys()) - len(self._finished),
            set_aside=tuple(self._set_aside),
            interrupted=interrupted,
            outcomes={trial: self._known[trial].outcome for trial in self._finished},
            only=frozenset(self._only or ()),
        )

    def keep(self, event: Event) -> None:
        """Keep what finished or crashed, then pass the event on."""
        trial = self._asked[event.trial]
        if isinstance(event, Finished):
            record = record_of(trial, event)
            replaced = tables.alone(self._folder)
            self._store.write(record)
            self._known[trial.id] = known(record)
            self._trained.add(trial.id)
            if replaced:
                self._write()
            atomic.remove(checkpoint_path(self._folder, trial.id))
        elif isinstance(event, Crashed):
            self._crashed.add(trial.id)
            self._store.write_failure(trial.id, Failure(event.reason, event.traceback))
        self._observe(trial, event)


def planned(grid: Grid, finished: Collection[Known], trained: Mapping[str, Collection[int]] = NONE) -> Plan:
    """The plan as far as it can be known from these finished trials; `trained` as in `examine`."""
    return plan(grid, looked_at(finished), bounded=False, trained=trained)


def record_of(trial: Trial, event: Finished) -> Record:
    """What is kept of a finished trial."""
    return Record(
        trial=trial.id,
        settings=trial.settings,
        row=event.row | {"environment": fingerprint(event.environment)},
        environment=event.environment,
        curve=event.curve,
        probes=event.probes,
        probed=event.probed,
        parameters=event.parameters,
    )
