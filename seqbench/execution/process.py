"""The driver's end of one worker process: it sends jobs, receives events, and notices when the process ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Protocol

from seqbench.components.own_code import places_of_python
from seqbench.errors import MessageError
from seqbench.execution.events import Event, Refused, decode_event
from seqbench.execution.jax_variables import harmful
from seqbench.execution.job import Job
from seqbench.execution.worker import ENVIRONMENT
from seqbench.plan.trial import Trial
from seqbench.printable import printable


class Output(Protocol):
    """Takes what a worker prints; `last` is the last line that was printed and not empty."""

    last: str

    def copy(self, stream: IO[bytes]) -> None:
        """Take all that a stream holds until it ends."""


class Put(Protocol):
    """Takes the events of a worker in order; None when its process has ended."""

    def put(self, item: tuple[Process, Event | None], /) -> None:
        """Take one."""


def say(line: str) -> None:
    """Print a line that a worker has for the user, where no progress table is on the terminal."""
    print(printable(line), file=sys.stderr, flush=True)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """What a worker's environment is, in this process's: nothing of it changes numbers but flags of XLA.

    Modules are found where this process finds them; those of the user's own as each job says.
    """
    taken = harmful(own)
    kept = {name: value for name, value in own.items() if name not in taken}
    kept["PYTHONPATH"] = os.pathsep.join(path for path in places_of_python() if not _belongs_to_python(path))
    flags = " ".join(filter(None, (own.get("XLA_FLAGS"), ENVIRONMENT["XLA_FLAGS"])))
    return {**kept, **ENVIRONMENT, "XLA_FLAGS": flags}


def _belongs_to_python(path: str) -> bool:
    """Whether a place where modules are looked for is one of Python's own, or of what is installed."""
    return any(Path(path).is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix))


class Process:
    """One worker process and the threads that read its output; a worker of this machine.

    waits, lost: see `seqbench.execution.place.Worker`
    """

    waits = lost = False

    def __init__(self, events: Put, output: Output) -> None:
        """`output` takes what the worker prints."""
        self.trial: Trial | None = None
        self.group = ""
        self._current = ""
        self._output = output
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "seqbench.execution.worker"],  # -P: the current folder hides no library
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(os.environ),
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C goes to the driver alone, which then ends the workers
        )
        self._threads = [
            threading.Thread(target=self._listen, args=(events,), daemon=True),
            threading.Thread(target=output.copy, args=(self._stream("stderr").buffer,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, trial: Trial, job: Job) -> None:
        """Begin a trial. If the worker is dead, the thread that reads its events reports it."""
        self.trial = trial
        self.send(job)

    def send(self, job: Job) -> None:
        """Send a job to the process, as `begin`."""
        self._current = job.trial
        with contextlib.suppress(BrokenPipeError):
            self._stream("stdin").write(job.encode() + "\n")
            self._stream("stdin").flush()

    def kill(self) -> None:
        """End the process now, whatever it is doing, and those that its trial has started."""
        self._end_group()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for name in ("stdin", "stdout", "stderr"):
            # Closing flushes a job that the dead worker can no longer read.
            with contextlib.suppress(BrokenPipeError):
                self._stream(name).close()

    def cause_of_exit(self) -> str:
        """How the process ended, and what to do."""
        code = self._process.wait()
        self._threads[-1].join()  # until all that it printed has been read
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        advice = " Signal 9 often means that memory ran out: try --workers 1." if code == -9 else ""
        last = f" It last printed: {self._output.last}" if self._output.last else ""
        return f"the worker {reason} while training this trial.{advice}{last}"

    def _end_group(self) -> None:
        """End the process and those that it has started; nothing is left to do once its end has been waited for."""
        if self._process.returncode is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _stream(self, name: str) -> TextIOWrapper:
        stream: TextIOWrapper | None = getattr(self._process, name)
        assert stream is not None
        return stream

    def _listen(self, events: Put) -> None:
        for line in self._stream("stdout"):
            try:
                events.put((self, decode_event(line)))
            except MessageError as error:
                events.put((self, Refused(self._current, str(error))))
            except ValueError:  # the process ended within this line
                break
        if hasattr(os, "waitid"):  # not on macOS before Python 3.13
            with contextlib.suppress(ChildProcessError):  # `kill` has waited for it already
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
                # What a trial has started must not outlive it; as long as it runs, what it prints has no end.
                self._end_group()
        self._process.wait()
        events.put((self, None))
