"""The driver's end of a Ray worker: it sends orders to an actor, fetches what it reports, and notices its end."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqbench.errors import MessageError, StoreError
from seqbench.execution.data_files import data_files
from seqbench.execution.events import Crashed, Event, Finished, Notice, Refused, decode_event
from seqbench.execution.job import Job
from seqbench.execution.output import OutputLog
from seqbench.execution.place import Events
from seqbench.execution.ray_actor import FETCHES, Item, Order
from seqbench.execution.ray_connection import carried_variables
from seqbench.plan.trial import Trial
from seqbench.store import atomic
from seqbench.store.in_use import require_folder
from seqbench.store.lock import note_path

if TYPE_CHECKING:
    from seqbench.execution.ray_cluster import RayCluster

RETRY = 0.2
"""Seconds after which a call is repeated whose connection was interrupted."""

LAST_WORDS = 5.0
"""Seconds that a worker without a trial may take to end."""


class RayWorker:
    """One worker; see `seqbench.execution.place.Worker`. Its actor is placed when a trial tells what it needs."""

    def __init__(self, cluster: RayCluster, events: Events, output: OutputLog) -> None:
        self.trial: Trial | None = None
        self.group = ""
        self.waits, self.lost = True, False
        self._cluster, self._events = cluster, events
        self._memory = 0
        self._actor: Any = None
        self._job: Job
        self._order: Order | None = None
        self._turn = self._after = 0
        self._cause = ""
        self._printed = _Pipe(output)
        self._using = threading.Lock()  # the actor and the pipe, which both threads use

    def begin(self, trial: Trial, job: Job) -> None:
        """Begin a trial, on a node that has the memory which the plan estimates for it."""
        if trial.configuration.bytes > self._memory:
            self._place(trial.configuration.bytes)
        self.trial, self._job = trial, job
        self._turn += 1
        self._order = _order(job)
        self._fetch()

    def kill(self) -> None:
        """End it now, and its actor; one without a trial first hands over what it has printed."""
        with self._using:
            self._release(gently=self.trial is None and not self.lost)
            self._printed.close()

    def cause_of_exit(self) -> str:
        """How it ended."""
        return self._cause

    def take(self, call: Any) -> None:
        """Take the answer to a call, and fetch the next one while the trial goes on."""
        with self._using:
            if self._actor is not None:  # else it was ended meanwhile
                self._take_answer(call)

    def _take_answer(self, call: Any) -> None:
        import ray
        from ray.exceptions import ActorUnavailableError, RayActorError

        try:
            items = ray.get(call)
        except ActorUnavailableError:  # the connection was interrupted: ask again for the same, in a moment
            threading.Timer(RETRY, self._fetch).start()
        except RayActorError as error:
            if error.actor_init_failed:
                self.give_up(f"A worker could not start on the Ray cluster: {error}")
            else:
                self._end(f"was lost with its node, or Ray ended it ({_first_line(error)})", lost=True)
        except Exception as error:  # noqa: BLE001 - whatever Ray raises ends the run with its own words
            self.give_up(f"The Ray cluster failed: {error}")
        else:
            self.waits, self._order = False, None
            taken = [self._take(item) for item in items]
            if not any(taken):
                self._fetch()

    def notify(self, line: str) -> None:
        """Let a line be said to the user."""
        self._events.put((self, Notice(self.trial.id if self.trial else "", line)))

    def _take(self, item: Item) -> bool:
        """Pass an item on; whether it is the last of its trial."""
        if item.number <= self._after:
            return False
        self._after = item.number
        if item.kind == "printed":
            self._printed.write(item.content)
        elif item.kind == "parameters":
            return self._keep(item.content)
        elif item.kind == "ended":
            self._end(str(item.content), lost=False)
            return True
        else:
            event = _event(str(item.content))
            self._events.put((self, event))
            return isinstance(event, Finished | Crashed | Refused)
        return False

    def _keep(self, parameters: str | bytes) -> bool:
        """Write the trained parameters; whether the disk refused, which ends the run."""
        assert isinstance(parameters, bytes)
        path = self._job.parameters
        assert path is not None
        try:
            require_folder(path.parent.parent)
            atomic.write_bytes(path, parameters)
        except StoreError as error:
            self.give_up(str(error))
            return True
        return False

    def _place(self, memory: int) -> None:
        """A new actor, on a node with so much memory."""
        import ray

        self._release(gently=self._actor is not None)
        needs = self._cluster.needs(memory)
        actor = ray.remote(self._cluster.trainer).options(
            num_cpus=needs.cpus, num_gpus=needs.gpus, memory=needs.memory, max_concurrency=FETCHES, max_restarts=0
        )
        self._actor, self._memory = actor.remote(carried_variables(needs)), memory
        self.waits, self._turn, self._after = True, 0, 0

    def _release(self, *, gently: bool) -> None:
        import ray
        from ray.exceptions import RayError

        if self._actor is None or self._cluster.gone:
            return
        with contextlib.suppress(RayError, ConnectionError):  # gone, or too slow: what it printed last is lost
            if gently:
                for item in ray.get(self._actor.close.remote(self._after), timeout=LAST_WORDS):
                    if item.kind == "printed":
                        self._printed.write(item.content)
        # In any case, also where it did not answer in time: a worker that is left keeps its node.
        with contextlib.suppress(RayError, ConnectionError):  # gone already
            ray.kill(self._actor)
        self._actor = None

    def _fetch(self) -> None:
        actor = self._actor
        if actor is not None:
            call = actor.fetch.remote(self._turn, self._order, self._after)
            self._cluster.await_answer(call, self)

    def _end(self, cause: str, *, lost: bool) -> None:
        self._cause, self.lost = cause, lost
        self._events.put((self, None))

    def give_up(self, message: str) -> None:
        """End the run, for no trial is at fault."""
        self._events.put((self, Refused(self.trial.id if self.trial else "", message)))


class _Pipe:
    """What a worker printed, on its way to the log of its trial."""

    def __init__(self, output: OutputLog) -> None:
        reading, writing = os.pipe()
        self._reading, self._writing = os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0)
        self._thread = threading.Thread(target=output.copy, args=(self._reading,), daemon=True)
        self._thread.start()

    def write(self, content: str | bytes) -> None:
        """Pass on what was printed."""
        assert isinstance(content, bytes)
        self._writing.write(content)

    def close(self) -> None:
        """Let the log be written to its end."""
        self._writing.close()
        self._thread.join()
        self._reading.close()


def _order(job: Job) -> Order:
    """The order to do a job, its paths complete, for on its node the working directory is another."""
    checkpoint = job.checkpoint and job.checkpoint.absolute()
    note = None
    if checkpoint is not None:
        path = note_path(checkpoint.parent.parent)
        with contextlib.suppress(OSError):  # a folder that has gone meanwhile is noticed when the trial is kept
            note = (path, path.read_text())
    return Order(replace(job, checkpoint=checkpoint).encode(), note, Path.cwd(), data_files(job.settings))


def _event(line: str) -> Event:
    try:
        return decode_event(line)
    except (MessageError, ValueError) as error:
        return Refused("", str(error))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
