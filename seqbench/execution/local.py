"""Local workers: processes on this machine, each training one trial at a time.

A worker stays with a group as long as the group has trials, because its compiled program is at hand. A worker that
dies costs the one trial it was training: the trial is tried once more, then counts as crashed.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from seqbench.execution.worker import SINGLE_THREAD
from seqbench.grid.plan import Group, Trial
from seqbench.store.parameters import parameters_path

Event = dict[str, Any]
ATTEMPTS = 2
"""How often a trial is begun before a dying worker counts as the trial's fault."""


class Pool:
    """Workers and the trials they have yet to train. Use as a context manager: leaving it ends every worker."""

    def __init__(self, workers: int, *, probes: str | list[str] = "none", keep: Path | None = None) -> None:
        """`keep`: the results folder in which trained parameters are kept, or None."""
        self._number, self._probes, self._keep = workers, probes, keep
        self._events: queue.SimpleQueue[tuple[Worker, Event | None]] = queue.SimpleQueue()
        self._workers: list[Worker] = []
        self._pending: dict[str, deque[Trial]] = {}
        self._attempts: dict[str, int] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()

    def run(self, groups: Iterable[Group], handle: Callable[[Event], None]) -> None:
        """Train every trial of the groups; `handle` is called in this thread with each event, in order."""
        self._pending = {group.key: deque(group.trials) for group in groups}
        trials = sum(len(waiting) for waiting in self._pending.values())
        while len(self._workers) < min(self._number, trials):
            self._workers.append(Worker(self._events))
        for worker in self._workers:
            self._give(worker)
        while any(worker.trial for worker in self._workers):
            worker, event = self._events.get()
            if event is None:
                self._replace(worker, handle)
                continue
            handle(event)
            if event["event"] in ("finished", "crashed"):
                self._give(worker)

    def _give(self, worker: Worker) -> None:
        """The next trial of the worker's own group, else of a group nobody works on, else of the largest one."""
        worker.trial = None
        open_groups = {key: waiting for key, waiting in self._pending.items() if waiting}
        if not open_groups:
            return
        taken = {other.group for other in self._workers if other.trial}
        if worker.group not in open_groups:
            untouched = {key: waiting for key, waiting in open_groups.items() if key not in taken} or open_groups
            worker.group = max(untouched, key=lambda key: len(untouched[key]))
        trial = open_groups[worker.group].popleft()
        self._attempts[trial.id] = self._attempts.get(trial.id, 0) + 1
        worker.send(trial, self._probes, self._keep)

    def _replace(self, worker: Worker, handle: Callable[[Event], None]) -> None:
        """A worker died: begin its trial again, or give the trial up; then let a new worker take its place."""
        self._workers.remove(worker)
        trial, group = worker.trial, worker.group
        fresh = Worker(self._events)
        self._workers.append(fresh)
        if trial is not None and self._attempts[trial.id] < ATTEMPTS:
            self._pending[group].appendleft(trial)
        elif trial is not None:
            handle({"event": "crashed", "trial": trial.id, "traceback": worker.epitaph()})
        worker.kill()
        self._give(fresh)


class Worker:
    """One worker process and the thread that listens to it."""

    def __init__(self, events: queue.SimpleQueue[tuple[Worker, Event | None]]) -> None:
        self.trial: Trial | None = None
        self.group = ""
        flags = " ".join(filter(None, (os.environ.get("XLA_FLAGS"), SINGLE_THREAD["XLA_FLAGS"])))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "seqbench.execution.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **SINGLE_THREAD, "XLA_FLAGS": flags},
            text=True,
            start_new_session=True,  # Ctrl-C goes to the driver alone, which ends the workers in good order
        )
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def send(self, trial: Trial, probes: str | list[str], keep: Path | None) -> None:
        """Begin a trial. If the worker is dead, its listener tells."""
        self.trial = trial
        job = {"trial": trial.id, "group": self.group, "settings": trial.settings, "seed": trial.seed,
               "learning_rate": trial.learning_rate, "probes": probes,
               "parameters": str(parameters_path(keep, trial.id)) if keep else None}  # fmt: skip
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._process.wait()

    def kill(self) -> None:
        """End the process now, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            # What a dead worker was still to be told is told to nobody.
            with contextlib.suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()

    def epitaph(self) -> str:
        """How the process died, for the person who wants to know."""
        code = self._process.wait()
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        advice = " Signal 9 often means that memory ran out: try --workers 1." if code == -9 else ""
        return f"The worker {reason} while training this trial, {ATTEMPTS} times.{advice}"

    def _listen(self, events: queue.SimpleQueue[tuple[Worker, Event | None]]) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                events.put((self, json.loads(line)))
        except ValueError:
            # A line cut off by death, or the pipe closed by `kill`: what follows says so either way.
            self._process.wait()
        events.put((self, None))
