"""Workers on this machine: a process each."""

from __future__ import annotations

from types import TracebackType

from seqbench.execution.machine import cores
from seqbench.execution.output import OutputLog
from seqbench.execution.place import Events, Worker
from seqbench.execution.process import Process


class ThisMachine:
    """The place of local workers; see `seqbench.execution.place.Place`."""

    here = True

    def __enter__(self) -> ThisMachine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing remains: the pool ends each of its workers."""

    def require(self, memory: int) -> None:
        """Nothing is refused: an estimate of memory is no measurement, and the system may swap."""

    def room(self) -> int:
        """Workers that it holds at once: one a core."""
        return cores()

    def start(self, events: Events, output: OutputLog) -> Worker:
        """A new worker process."""
        return Process(events, output)
