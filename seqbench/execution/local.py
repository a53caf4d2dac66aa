"""Local workers: processes on this machine, each training one trial at a time.

A worker stays with a group as long as the group has trials, because its compiled program is at hand. If a worker
ends unexpectedly, the trial that it was training is tried once more, then counts as crashed.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterable

from seqbench.errors import StoreError
from seqbench.execution.events import Crashed, Event, Finished, Refused
from seqbench.execution.job import Job, job_of
from seqbench.execution.process import Events, Worker, say
from seqbench.plan.plan import Group, Trial

ATTEMPTS = 2
"""How often a trial is begun before it counts as crashed when its worker ends unexpectedly."""


def _longest_first(trial: Trial) -> float:
    return -trial.configuration.seconds


class Pool:
    """Workers and the trials they have yet to train. Use as a context manager: leaving it ends every worker."""

    def __init__(
        self, workers: int, *, ask: Callable[[Trial, Group], Job] = job_of, say: Callable[[str], None] = say
    ) -> None:
        """`ask` makes the job of a trial; `say`, called in threads, gets each line of the workers' standard errors."""
        self._number, self._ask, self._say = workers, ask, say
        self._events: Events = queue.SimpleQueue()
        self._workers: list[Worker] = []
        self._groups: dict[str, Group] = {}
        self._pending: dict[str, deque[Trial]] = {}
        self._attempts: dict[str, int] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()

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
            worker, event = self._events.get()
            if worker not in self._workers:
                continue  # it was replaced before this event was read
            if isinstance(event, Refused):
                raise StoreError(event.message)
            if event is None:
                event = self._replace(worker)
            if event is not None:
                handle(event)
            if isinstance(event, Finished | Crashed):
                worker.trial = None
                if not any(self._pending.values()):
                    self._add(more())
            self._employ()

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
        while any(self._pending.values()) and len(self._workers) < self._number:
            self._workers.append(Worker(self._events, self._say))
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

    def _choose(self, worker: Worker) -> str:
        """The longest of the groups that no worker trains, else the longest of all.

        So workers begin with different programs, and the last trials of all are short.
        """
        busy = {other.group for other in self._workers if other.trial}

        def suits(key: str) -> tuple[bool, float]:
            return key not in busy, sum(trial.configuration.seconds for trial in self._pending[key])

        return max((key for key, waiting in self._pending.items() if waiting), key=suits)

    def _replace(self, worker: Worker) -> Crashed | None:
        """A worker ended unexpectedly: start a new one, and begin its trial again, or give it up as crashed."""
        self._workers[self._workers.index(worker)] = Worker(self._events, self._say)
        trial, crashed = worker.trial, None
        if trial is not None and self._attempts[trial.id] < ATTEMPTS:
            self._pending[worker.group].appendleft(trial)
        elif trial is not None:
            crashed = Crashed(trial.id, worker.cause_of_exit(ATTEMPTS))
        worker.kill()
        return crashed
