"""Where workers run: what a pool asks of a place, and of each worker in it. Nothing else knows where that is."""

from __future__ import annotations

import queue
from types import TracebackType
from typing import Protocol

from seqbench.execution.events import Event
from seqbench.execution.job import Job
from seqbench.execution.output import OutputLog
from seqbench.plan.trial import Trial

Events = queue.SimpleQueue[tuple["Worker", Event | None]]
"""Events of all workers in the order they arrive; None when a worker has ended."""


class Worker(Protocol):
    """One worker, which trains one trial at a time and puts what it reports into the pool's `Events`.

    trial: what it trains, or None
    group: the group that it trains, or trained last
    waits: whether it waits for a machine, and its trial has not begun
    lost: whether it ended because its machine or the connection to it was lost, and not by what it trained
    """

    trial: Trial | None
    group: str
    waits: bool
    lost: bool

    def begin(self, trial: Trial, job: Job) -> None:
        """Begin a trial. If the worker has ended, that arrives as an event."""

    def kill(self) -> None:
        """End it now, whatever it is doing."""

    def cause_of_exit(self) -> str:
        """How it ended while training, in sentences of which the first begins in lower case, and what to do."""


class Place(Protocol):
    """A machine or a cluster. Use as a context manager: leaving it ends what still runs there.

    here: whether its workers share the memory of this machine
    """

    here: bool

    def __enter__(self) -> Place: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def require(self, memory: int) -> None:
        """Refuse what can never run there: workers of so many bytes. Raises UsageError."""

    def room(self) -> int:
        """Workers that it holds at once."""

    def start(self, events: Events, output: OutputLog) -> Worker:
        """A new worker; `output` keeps what it prints."""
