"""Workers that train nothing: they report what a trained trial reported, at once, as lines that the driver decodes.

They stand for a cluster of any size that is never slower than its driver.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from pathlib import Path

from seqbench.execution.events import Event, Finished, IntervalDone, Started, decode_event, encode_event
from seqbench.execution.job import Job
from seqbench.execution.local import ThisMachine
from seqbench.execution.output import OutputLog
from seqbench.execution.place import Events, Worker
from seqbench.plan.trial import Trial
from seqbench.store.trials import TrialStore


def recorded_trial(folder: str | Path) -> Finished:
    """What the worker of the one trial in a results folder reported at its end."""
    [record] = TrialStore(Path(folder)).read()[0]
    return Finished(record.trial, record.row, record.curve, record.probes, record.probed, None, record.environment)


def lines_of(finished: Finished) -> list[str]:
    """All that its worker reported of a trial, a line each."""
    between = (IntervalDone(finished.trial, row["step"], 0.5) for row in finished.curve)
    events: list[Event] = [Started(finished.trial), *between, finished]
    return [encode_event(event) for event in events]


class Replay(ThisMachine):
    """A place, see `seqbench.execution.place.Place`, whose workers end every trial as one that was trained."""

    def __init__(self, finished: Finished, *, workers: int) -> None:
        """`finished` is what became of the trained trial."""
        self._trial, self._lines, self._workers = finished.trial, lines_of(finished), workers

    def room(self) -> int:
        """Workers that it holds at once."""
        return self._workers

    def start(self, events: Events, output: OutputLog) -> Worker:
        """A new worker."""
        return _Replayer(self._trial, self._lines, events)


class _Replayer:
    """A worker: a thread that puts the events of each trial into the pool's queue, decoded from their lines."""

    def __init__(self, recorded: str, lines: list[str], events: Events) -> None:
        self.trial: Trial | None = None
        self.group = ""
        self.waits = self.lost = False
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._replay, args=(recorded, lines, events), daemon=True)
        self._thread.start()

    def begin(self, trial: Trial, job: Job) -> None:
        """End a trial."""
        self.trial = trial
        self._jobs.put(job)

    def kill(self) -> None:
        """End the thread."""
        self._jobs.put(None)
        self._thread.join()

    def cause_of_exit(self) -> str:
        """Never asked: it ends when it is killed."""
        return "ended"

    def _replay(self, recorded: str, lines: list[str], events: Events) -> None:
        while (job := self._jobs.get()) is not None:
            job.encode()  # what a driver does for a worker elsewhere
            for line in lines:
                events.put((self, replace(decode_event(line), trial=job.trial)))
