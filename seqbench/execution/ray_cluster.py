"""A Ray cluster as a place for workers: an actor each, which Ray places and this process gives its trials.

This process stays the only writer of the results and of MLflow. A worker that is lost with its node is replaced by
another, which Ray places where there is room; see `seqbench.execution.pool`.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

from seqbench.errors import ClusterGone
from seqbench.execution.output import OutputLog
from seqbench.execution.place import Events, Worker
from seqbench.execution.ray_actor import Trainer
from seqbench.execution.ray_connection import Door, connect, disconnect, patience
from seqbench.execution.ray_resources import Needs, Nodes, nodes_of
from seqbench.execution.ray_worker import RayWorker

PAUSE = 0.2
"""Seconds after which calls that began meanwhile are waited for too."""

KNOCKS = 2.0
"""Seconds between two looks whether the cluster is still there."""

REMINDERS = 60.0
"""Seconds between two lines that say that workers wait for a machine."""


class RayCluster:
    """The place of workers on a Ray cluster; see `seqbench.execution.place.Place`."""

    here = False

    def __init__(self, address: str) -> None:
        """`address` is `auto`, for the cluster that this machine belongs to, or `ray://HOST:PORT`."""
        self._address = address
        self._door: Door
        self._nodes: Nodes
        self.gone = False
        self._calls: dict[Any, RayWorker] = {}
        self._changed = threading.Condition()
        self._left = False
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> RayCluster:
        self._door = connect(self._address)
        try:
            self._nodes = nodes_of()
        except BaseException:  # `__exit__` is not called: who stays joined cannot join another cluster
            disconnect()
            raise
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._left = True
            self._changed.notify()
        self._listener.join()
        if self.gone:
            raise ClusterGone(str(error)) from error
        disconnect()

    @property
    def trainer(self) -> type[Trainer]:
        """The class of its actors."""
        return Trainer

    def require(self, memory: int) -> None:
        """Refuse workers of so many bytes where no node can hold one. Raises UsageError."""
        self._nodes.require(self.needs(memory))

    def room(self) -> int:
        """Workers that it holds at once: one a CPU, of the nodes that are there and of those it may still get."""
        return max(1, self._nodes.cpus)

    def needs(self, memory: int) -> Needs:
        """What a worker of so many bytes needs of a node."""
        return self._nodes.needs(memory)

    def start(self, events: Events, output: OutputLog) -> Worker:
        """A new worker, which is placed once it has a trial."""
        return RayWorker(self, events, output)

    def await_answer(self, call: Any, worker: RayWorker) -> None:
        """Let the worker take the answer to a call when it has come."""
        with self._changed:
            self._calls[call] = worker
            self._changed.notify()

    def _listen(self) -> None:
        """Pass answers on until the place is left; one thread for all workers."""
        import ray

        watch = _Watch(self._door)
        while not self.gone:
            with self._changed:
                self._changed.wait_for(lambda: self._left or self._calls)
                if self._left:
                    return
                waiting = dict(self._calls)
            ready, _ = ray.wait(list(waiting), timeout=PAUSE)
            if ready:  # and all others that are ready too
                ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
            for call in ready:
                with self._changed:
                    del self._calls[call]
                waiting[call].take(call)
            self.gone = watch.look(list(waiting.values()))


class _Watch:
    """Looks now and then whether the cluster is still there, and whether workers wait for room."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._looked = self._seen = self._reminded = time.monotonic()

    def look(self, workers: list[RayWorker]) -> bool:
        """Say what should be known; whether the cluster is gone, which ends the run before Ray ends this process."""
        now = time.monotonic()
        if now - self._reminded > REMINDERS:
            self._reminded = now
            _say_what_waits(workers)
        if now - self._looked < KNOCKS:
            return False
        self._looked = now
        try:
            self._door.knock()
            self._seen = now
        except OSError as error:
            if now - self._seen > patience():
                workers[0].give_up(
                    f"The Ray cluster at {self._door} does not answer any more ({error}). "
                    "What has finished is kept; run the grid again once there is a cluster."
                )
                return True
        return False


def _say_what_waits(workers: list[RayWorker]) -> None:
    """Say how many workers have no machine yet, if there are any: without a word a full cluster looks like a hang."""
    waiting = [worker for worker in workers if worker.waits]
    if waiting:
        waiting[0].notify(f"{len(waiting)} of {len(workers)} workers wait for room on the Ray cluster.")
