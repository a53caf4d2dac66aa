"""Workers and what they train next, wherever they run: a pool takes jobs and yields events.

A worker stays with a group as long as the group has trials, because its compiled program is at hand. If a worker
ends unexpectedly, the trial that it was training is tried once more, then counts as crashed; if its machine was lost,
that is no fault of the trial, which begins again elsewhere. A trial that takes longer than its limit is ended with its
worker and counts as crashed at once.
"""

from __future__ import annotations

import math
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from seqbench.errors import StoreError
from seqbench.execution.events import Crashed, Event, Finished, Notice, Refused, Started
from seqbench.execution.job import Job, job_of
from seqbench.execution.local import ThisMachine
from seqbench.execution.output import OutputLog
from seqbench.execution.place import Events, Place, Worker
from seqbench.execution.process import say
from seqbench.execution.time_limit import Limit, default_limit, overdue
from seqbench.plan.plan import Group, Trial

LONGEST_WAIT = 60.0
"""Seconds of one wait for an event, which would be too many for the system to count where a limit is endless."""

ATTEMPTS = 2
"""How often a trial is begun before it counts as crashed when its worker ends unexpectedly."""

LOSSES = 20
"""How many lost machines a trial survives besides: one that brings its machine down must end some time."""


def _longest_first(trial: Trial) -> float:
    return -trial.configuration.seconds


class Pool:
    """Workers and the trials they have yet to train. Use as a context manager: leaving it ends every worker."""

    def __init__(
        self,
        workers: int | None,
        *,
        place: Place | None = None,
        ask: Callable[[Trial, Group], Job] = job_of,
        say: Callable[[str], None] = say,
        folder: Path | None = None,
        limit: Limit = default_limit,
    ) -> None:
        """Prepare; workers start as they are needed.

        Args:
            workers: workers at most; None for as many as the place holds.
            place: where they run, by default this machine. It is entered and left with the pool.
            ask: makes the job of a trial.
            say: called with each line that a worker has for the user; possibly in a thread.
            folder: the results folder, for the logs of what trials print; None to keep none.
            limit: seconds that a trial may take.
        """
        self._place: Place = place or ThisMachine()
        self._number, self._ask, self._say, self._folder, self._limit = workers, ask, say, folder, limit
        self._events: Events = queue.SimpleQueue()
        self._workers: list[Worker] = []
        self._groups: dict[str, Group] = {}
        self._pending: dict[str, deque[Trial]] = {}
        self._attempts: dict[str, int] = {}
        self._losses: dict[str, int] = {}
        self._deadlines: dict[str, float] = {}

    def __enter__(self) -> Pool:
        self._place.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for worker in self._workers:
                worker.kill()
        finally:
            self._place.__exit__(kind, error, trace)

    def require(self, memory: int) -> None:
        """Refuse workers of so many bytes where none can ever run. Raises UsageError."""
        self._place.require(memory)

    def run(
        self,
        groups: Iterable[Group],
        handle: Callable[[Event], None],
        *,
        more: Callable[[], Iterable[Group]] = lambda: (),
    ) -> None:
        """Train every trial of the groups, and what they lead to.

        Args:
            groups: the trials that can be trained at once.
            handle: called in this thread with each event, in order.
            more: called whenever a trial has ended and no other waits, so that no worker idles while others train:
                trials that can be trained by now. Those in training are left out.

        Raises:
            StoreError: a worker could not write what it keeps itself.
        """
        self._groups, self._pending = {}, {}
        self._add(groups)
        self._employ()
        while any(worker.trial for worker in self._workers):
            worker, event = self._next()
            if worker not in self._workers:
                continue  # it was replaced before this event was read
            if isinstance(event, Refused):
                raise StoreError(event.message)
            if event is None:
                event = self._replace(worker)
            if isinstance(event, Started) and worker.trial:
                self._deadlines[event.trial] = time.monotonic() + self._limit(worker.trial)
            if event is not None:
                handle(event)
            if isinstance(event, Finished | Crashed):
                worker.trial = None
                if not any(self._pending.values()):
                    self._add(more())
            self._employ()

    def _next(self) -> tuple[Worker, Event | None]:
        """The next event that is no notice, as `Events` has it; None also for a worker whose trial takes too long."""
        while True:
            training = {self._deadlines[worker.trial.id]: worker for worker in self._workers if worker.trial}
            first = min(training)
            try:
                worker, event = self._events.get(timeout=min(max(first - time.monotonic(), 0.0), LONGEST_WAIT))
            except queue.Empty:
                if time.monotonic() >= first:
                    return training[first], None
                continue
            if not isinstance(event, Notice):
                return worker, event
            self._say(event.message)

    def _add(self, groups: Iterable[Group]) -> None:
        """Let trials wait, those of each group that take longest first."""
        training = {worker.trial.id for worker in self._workers if worker.trial}
        for group in groups:
            self._groups[group.key] = group
            waiting = [*self._pending.get(group.key, ()), *(own for own in group.trials if own.id not in training)]
            self._pending[group.key] = deque(sorted(waiting, key=_longest_first))

    def _employ(self) -> None:
        """Give every idle worker a trial, and start workers as long as there are fewer than trials."""
        for worker in self._workers:
            if worker.trial is None:
                self._give(worker)
        if self._number is None:
            self._number = self._place.room()
        while any(self._pending.values()) and len(self._workers) < self._number:
            self._workers.append(self._worker())
            self._give(self._workers[-1])

    def _give(self, worker: Worker) -> None:
        """The next trial of the worker's own group, or of the group that suits it best."""
        if not any(self._pending.values()):
            return
        if not self._pending.get(worker.group):
            worker.group = self._choose(worker)
        trial = self._pending[worker.group].popleft()
        self._attempts[trial.id] = self._attempts.get(trial.id, 0) + 1
        worker.begin(trial, self._ask(trial, self._groups[worker.group]))
        self._deadlines[trial.id] = math.inf if worker.waits else time.monotonic() + self._limit(trial)

    def _choose(self, worker: Worker) -> str:
        """The longest of the groups that no worker trains, else the longest of all.

        So workers begin with different programs, and the last trials of all are short.
        """
        busy = {other.group for other in self._workers if other.trial}

        def suits(key: str) -> tuple[bool, float]:
            return key not in busy, sum(trial.configuration.seconds for trial in self._pending[key])

        return max((key for key, waiting in self._pending.items() if waiting), key=suits)

    def _replace(self, worker: Worker) -> Crashed | None:
        """A worker ended unexpectedly, or its trial takes too long: start a new one.

        The trial begins again, or is given up as crashed if it took too long or was tried often enough.
        """
        self._workers[self._workers.index(worker)] = self._worker()
        trial, crashed = worker.trial, None
        if trial is None:
            pass
        elif time.monotonic() >= self._deadlines[trial.id]:
            crashed = Crashed(trial.id, overdue(self._limit(trial)))
        elif self._again(worker, trial):
            self._pending[worker.group].appendleft(trial)
        else:
            crashed = Crashed(trial.id, f"Tried {self._attempts[trial.id]} times: {worker.cause_of_exit()}")
        worker.kill()
        return crashed

    def _again(self, worker: Worker, trial: Trial) -> bool:
        """Whether the trial of a worker that ended is tried again."""
        if not worker.lost:
            return self._attempts[trial.id] - self._losses.get(trial.id, 0) < ATTEMPTS
        self._losses[trial.id] = self._losses.get(trial.id, 0) + 1
        return self._losses[trial.id] <= LOSSES

    def _worker(self) -> Worker:
        """A new worker."""
        return self._place.start(self._events, OutputLog(self._folder, self._say))
