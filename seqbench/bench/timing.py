"""Contestants in processes of their own, asked in turn, so that a comparison holds when the machine's speed drifts."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol

from seqbench.errors import StoreError
from seqbench.execution.worker import SINGLE_THREAD

ROUND_SECONDS = 1.0
"""About how long one contestant runs before the next has its turn."""


class Contestant:
    """A process that says "ready" and then answers every number N with the seconds that N repetitions took."""

    def __init__(
        self, command: Sequence[str], core: int | None, *, environment: Mapping[str, str] = SINGLE_THREAD
    ) -> None:
        """Start `command` on one core with one thread of arithmetic, or, without a core, as `environment` says.

        Use as a context manager.
        """
        self.command = list(command)
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        device = {} if core is None else {"JAX_PLATFORMS": "cpu"}
        self._process = subprocess.Popen(
            [*pinned, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, **device},
        )
        self._expect_ready()

    def __enter__(self) -> Contestant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def seconds(self, repetitions: int) -> float:
        """Seconds that one of so many repetitions takes."""
        return self.ask(str(repetitions)) / repetitions

    def ask(self, line: str) -> float:
        """The number with which the process answers a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return float(self._line())

    def _expect_ready(self) -> None:
        # What a library prints while it loads stands before it.
        while self._line().strip() != "ready":
            continue

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise StoreError(f"a contestant of the benchmark ended early: {' '.join(self.command)}")
        return line


class Timed(Protocol):
    """What has turns."""

    def seconds(self, repetitions: int) -> float:
        """Seconds that one of so many repetitions takes."""
        ...


def interleave(
    contestants: Mapping[str, Timed], *, rounds: int, round_seconds: float = ROUND_SECONDS
) -> dict[str, list[float]]:
    """Seconds of one repetition of every contestant, `rounds` times in turn.

    Each runs about `round_seconds` at a time; the number of repetitions is found in a first round, which is not
    counted.
    """
    first = {name: contestant.seconds(2) for name, contestant in contestants.items()}
    counts = {name: max(2, round(round_seconds / seconds)) for name, seconds in first.items()}
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            found[name].append(contestant.seconds(counts[name]))
    return found


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Median over rounds of how many times as long the first takes."""
    return statistics.median(one / other for one, other in zip(slow, fast, strict=True))
