"""Recorded events of training in place of workers: a grid's files are written as they are, and nothing is trained.

What a worker writes itself, its checkpoint and the trained parameters, is written too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from seqbench.execution.events import Event, Finished, Started
from seqbench.execution.job import Job
from seqbench.plan.plan import Group, Trial
from seqbench.store.checkpoints import Facts, UnusableCheckpoint, load_checkpoint, save_checkpoint
from seqbench.store.parameters import save_parameters
from seqbench.store.quarantine import set_aside

STATE = {"weights": np.arange(24, dtype=np.float32).reshape(4, 6) / 7}
TRAINED = "trained: "
"""Begins the line that names a trial as it is trained, among what a command prints."""


class Replayed:
    """Makes pools that give every trial the events that were recorded of it, or else those of another."""

    def __init__(self, recorded: dict[str, dict[str, Any]], *, pause: float = 0.0) -> None:
        """`recorded`: the fields of each trial's `Finished`; `pause`: seconds that a trial takes."""
        self._recorded, self._pause = recorded, pause

    def __call__(
        self, workers: int, *, ask: Callable[[Trial, Group], Job], say: Callable[[str], None], **_: object
    ) -> _Pool:
        """A pool of no workers; what else real ones are given is of no use to it."""
        return _Pool(self._recorded, self._pause, ask, say)


class _Pool:
    """What `seqbench.execution.local.Pool` is to a run."""

    def __init__(
        self,
        recorded: dict[str, dict[str, Any]],
        pause: float,
        ask: Callable[[Trial, Group], Job],
        say: Callable[[str], None],
    ) -> None:
        self._recorded, self._pause, self._ask, self._say = recorded, pause, ask, say

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def require(self, *_: object) -> None:
        """There is room for everything."""

    def run(
        self,
        groups: Iterable[Group],
        handle: Callable[[Event], None],
        *,
        more: Callable[[], Iterable[Group]],
    ) -> None:
        """Train every trial of the groups, as it was recorded."""
        for group in groups:
            for trial in group.trials:
                handle(Started(trial.id))
                handle(self._train(self._ask(trial, group)))

    def _train(self, job: Job) -> Finished:
        print(f"{TRAINED}{job.trial}", flush=True)
        fields = self._recorded.get(job.trial) or next(iter(self._recorded.values()))
        self._go_on(job)
        facts = Facts(tuple(fields["curve"]), tuple(fields["probes"]), 1.0, 0.0)
        assert job.checkpoint is not None
        save_checkpoint(job.checkpoint, STATE, facts, owner=job.trial)
        time.sleep(self._pause)
        kept = save_parameters(job.parameters, STATE) if job.parameters else None
        return Finished(**fields | {"trial": job.trial, "parameters": kept})

    def _go_on(self, job: Job) -> None:
        """Read a checkpoint as a worker does."""
        if job.checkpoint is None or not job.checkpoint.exists():
            return
        try:
            load_checkpoint(job.checkpoint, STATE, owner=job.trial)
        except UnusableCheckpoint as reason:
            folder = set_aside(job.checkpoint, job.checkpoint.parent.parent / "quarantine").parent
            self._say(f"Checkpoint {job.trial} {reason} and was moved to {folder}; its trial begins again.")
