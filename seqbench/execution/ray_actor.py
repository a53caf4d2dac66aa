"""The node's end of a Ray worker: an actor with a worker process of its own, whose driver fetches what it reports.

The driver asks for everything after the item that it has; an answer that is lost on the way is asked for again. So
each item arrives once and in order, which a Ray generator that is restarted does not give: Ray counts its items by
position. The process is that of a local worker, so the bits are those of a local run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Literal, NamedTuple

from seqbench.errors import MessageError
from seqbench.execution.data_files import DataFile, missing
from seqbench.execution.events import Event, Finished, Refused, encode_event
from seqbench.execution.job import Job, decode_job
from seqbench.execution.output import CHUNK, LARGEST, MARK, SHOWN
from seqbench.execution.process import Process

LONGEST_ANSWER = 5.0
"""Seconds after which an answer without items is sent, so that a broken connection does not stay unnoticed."""

FETCHES = 4
"""Calls that an actor serves at once: one that the driver has given up may still wait."""


class Order(NamedTuple):
    """What a worker is to train, and what tells whether the driver's file system is at hand.

    job: one line of JSON
    note: a file in the results folder, and its content; None without a folder
    folder: the driver's working directory
    files: the data files that the trial reads, as the driver has them
    """

    job: str
    note: tuple[Path, str] | None
    folder: Path
    files: tuple[DataFile, ...] = ()


class Item(NamedTuple):
    """Something that a worker has for its driver, numbered from 1.

    `event`: one line of JSON; `printed`: bytes of standard error; `parameters`: an archive of the trained parameters,
    before the event that says so; `ended`: how the process ended
    """

    number: int
    kind: Literal["event", "printed", "parameters", "ended"]
    content: str | bytes


class Trainer:
    """The actor. Its methods run in threads, several at a time."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """Start the worker process, with the environment variables that trials of the driver see."""
        os.environ.update(variables)
        self._items: deque[Item] = deque()
        self._last = self._turn = 0
        self._changed = threading.Condition()
        self._parameters: Path | None = None
        self._printed = Printed(self)
        self._process: Process | None = None

    def fetch(self, turn: int, order: Order | None, after: int) -> list[Item]:
        """Begin what is ordered if that has not happened, and return the items after `after` as soon as there are some.

        Args:
            turn: the number of the order, from 1.
            order: absent once it is known to have arrived.
            after: the last item that the driver has; what it has is forgotten here.
        """
        with self._changed:
            if order is not None and turn > self._turn:
                self._turn = turn
                self._begin(order)
            while self._items and self._items[0].number <= after:
                self._items.popleft()
            self._changed.wait_for(lambda: self._items, timeout=LONGEST_ANSWER)
            return list(self._items)

    def close(self, after: int) -> list[Item]:
        """End the process; what it had printed and was not fetched."""
        if self._process is not None:
            self._process.kill()
        self._forget_parameters()
        with self._changed:
            return [item for item in self._items if item.number > after]

    def put(self, item: tuple[Process, Event | None]) -> None:
        """Take an event of the worker process; see `seqbench.execution.process.Put`."""
        process, event = item
        if event is None:
            self._forget_parameters()
            self.add("ended", process.cause_of_exit())
            return
        if isinstance(event, Finished) and event.parameters is not None and self._parameters is not None:
            self.add("parameters", self._parameters.read_bytes())
            self._forget_parameters()
        self.add("event", encode_event(event))

    def add(self, kind: Literal["event", "printed", "parameters", "ended"], content: str | bytes) -> None:
        """Keep an item until it has been fetched."""
        with self._changed:
            self._last += 1
            self._items.append(Item(self._last, kind, content))
            self._changed.notify_all()

    def _begin(self, order: Order) -> None:
        try:
            job = decode_job(order.job)
        except MessageError as error:
            self.add("event", encode_event(Refused("", str(error))))
            return
        if absent := missing(order.files):
            self.add("event", encode_event(Refused(job.trial, _absent_in_words(absent))))
            return
        shared = order.note is not None and _holds(*order.note)
        alike = shared or bool(order.files)
        if alike and order.folder.is_dir():
            os.chdir(order.folder)  # a trial finds the files that it finds in a local run
        if self._process is None:
            self._process = Process(self, self._printed)
        self._process.send(self._own(job, shared=shared, alike=alike))

    def _own(self, job: Job, *, shared: bool, alike: bool) -> Job:
        """The job as it is done here: without checkpoints where no other node would find them.

        Parameters are written beside this actor and sent to the driver, which keeps them. Modules of the user's own
        are those that have travelled here. Data files are looked for beside the grid where this node has the folders
        of the driver, or at least these files in them (`alike`).
        """
        if job.parameters and self._parameters is None:
            self._parameters = Path(tempfile.mkdtemp(prefix="seqbench-")) / "parameters.npz"
        return replace(
            job,
            parameters=self._parameters if job.parameters else None,
            checkpoint=job.checkpoint if shared else None,
            beside=None,
            files=job.beside if alike else None,
        )

    def _forget_parameters(self) -> None:
        """Remove the folder of the trained parameters, if there is one."""
        if self._parameters is not None:
            shutil.rmtree(self._parameters.parent, ignore_errors=True)
            self._parameters = None


class Printed:
    """Passes on what the worker process prints, as much of it as a log holds; see `seqbench.execution.output`."""

    def __init__(self, trainer: Trainer) -> None:
        self.last = ""
        self._trainer = trainer

    def copy(self, stream: IO[bytes]) -> None:
        """Pass on what a stream holds until it ends."""
        left = LARGEST
        while line := stream.readline(CHUNK):
            if MARK.fullmatch(line):
                left = LARGEST
            elif text := line.decode(errors="replace").strip():
                self.last = text[:SHOWN]
            if left >= 0:
                self._trainer.add("printed", line)
                left -= len(line)


def _holds(path: Path, content: str) -> bool:
    try:
        return path.read_text() == content
    except OSError:
        return False


def _absent_in_words(files: list[DataFile]) -> str:
    """Why a trial cannot be trained on a node that lacks data files, and what to do."""
    return (
        f"A node of the Ray cluster does not have {', '.join(str(file.path) for file in files)}, which the grid names, "
        "or has another content there. Keep the file, with the grid, where all nodes see it under this path, or copy "
        "it to this path on every node."
    )
