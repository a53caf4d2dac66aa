"""The driver's end of one worker process: it sends jobs, hears events, and knows when the process has died."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from seqbench.execution.job import Job
from seqbench.execution.worker import SINGLE_THREAD
from seqbench.plan.plan import Trial

Event = dict[str, Any]
Events = queue.SimpleQueue[tuple["Worker", Event | None]]
"""What workers say, in order; None once one has died."""


def say(line: str) -> None:
    """Pass on a line of a worker's standard error where nobody draws on the terminal."""
    print(line, file=sys.stderr, flush=True)


class Worker:
    """One worker process and the threads that listen to it."""

    def __init__(self, events: Events, say: Callable[[str], None] = say) -> None:
        self.trial: Trial | None = None
        self.group = ""
        flags = " ".join(filter(None, (os.environ.get("XLA_FLAGS"), SINGLE_THREAD["XLA_FLAGS"])))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "seqbench.execution.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **SINGLE_THREAD, "XLA_FLAGS": flags},
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C goes to the driver alone, which ends the workers in good order
        )
        self._threads = [
            threading.Thread(target=self._listen, args=(events,), daemon=True),
            threading.Thread(target=self._pass_on, args=(say,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, trial: Trial, job: Job) -> None:
        """Begin a trial. If the worker is dead, its listener tells."""
        self.trial = trial
        try:
            self._stream("stdin").write(json.dumps(job) + "\n")
            self._stream("stdin").flush()
        except BrokenPipeError:
            self._process.wait()

    def kill(self) -> None:
        """End the process now, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for name in ("stdin", "stdout", "stderr"):
            # What a dead worker was still to be told is told to nobody.
            with contextlib.suppress(BrokenPipeError):
                self._stream(name).close()

    def epitaph(self, attempts: int) -> str:
        """How the process died, for the person who wants to know."""
        code = self._process.wait()
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        advice = " Signal 9 often means that memory ran out: try --workers 1." if code == -9 else ""
        return f"The worker {reason} while training this trial, {attempts} times.{advice}"

    def _stream(self, name: str) -> IO[str]:
        stream: IO[str] | None = getattr(self._process, name)
        assert stream is not None
        return stream

    def _listen(self, events: Events) -> None:
        for line in self._stream("stdout"):
            try:
                events.put((self, json.loads(line)))
            except ValueError:  # a line cut off by death, which is told next
                break
        self._process.wait()
        events.put((self, None))

    def _pass_on(self, say: Callable[[str], None]) -> None:
        for line in self._stream("stderr"):
            say(line.rstrip("\n"))
