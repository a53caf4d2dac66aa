"""Real training that is killed, or asked to stop, at any moment: the same command again ends with the same numbers."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.commands import ROOT, Commands, Done, children, options
from tests.faults.scene import numbers, sizes, whole
from tests.faults.tally import Tally

REAL = Path(__file__).with_name("real.yaml")
RUN = ("run", REAL)
KILLS = 20
"""How many there are in one part of ten."""
Undisturbed = tuple[str, set[str], float]


@pytest.fixture(scope="module")
def undisturbed(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Numbers and trials of a run without faults, and how long one takes whose programs have been compiled."""
    seconds = 0.0
    for place in ("first", "second"):
        results = tmp_path_factory.mktemp(place)
        began = time.monotonic()
        done = commands.run(*RUN, *options(results), report=False)
        seconds = time.monotonic() - began
        assert done.code == 0, done.said
    commands.compute_report(results / "real")  # what planning takes is then known to all
    return numbers(results / "real"), set(whole(results / "real")), seconds


class Chain:
    """The same command again and again into one folder, until it has come to its end."""

    def __init__(self, commands: Commands, results: Path, tally: Tally, expected: str, trials: set[str]) -> None:
        self.commands, self.results, self.tally = commands, results, tally
        self.expected, self.trials = expected, trials
        self.folder, self.kept = results / "real", dict[str, bytes]()
        shutil.rmtree(results, ignore_errors=True)

    def look(self, what: str) -> None:
        """Count what has become of the trials that had finished before."""
        now = whole(self.folder)
        same = all(now.get(trial) == data for trial, data in self.kept.items())
        self.tally.require(self.kept.keys() <= now.keys(), "lost", what)
        self.tally.require(same, "doubled", f"{what}: a finished trial was written anew")
        self.kept = now

    def finish(self, done: Done, what: str) -> None:
        """Count what the last run of the command left behind."""
        what = f"{what}: {done.code} {done.said[-1500:]}"
        self.look(what)
        self.tally.require(done.code == 0 and not done.raised, "tracebacks", what)
        self.tally.require(set(self.kept) == self.trials, "lost", what)
        self.tally.require(numbers(self.folder) == self.expected, "other_bits", what)


@sizes(None, *range(1, 11))
def test_killed_at_any_moment(size: int, commands: Commands, undisturbed: Undisturbed, tmp_path: Path,
                              tally: Callable[..., Tally]) -> None:  # fmt: skip
    expected, trials, seconds = undisturbed
    counts, chance, chains = tally("F1", str(size)), random.Random(size), 0
    while counts.injected.total() < KILLS:
        chain = Chain(commands, tmp_path / "results", counts, expected, trials)
        chains += 1
        done = None
        while done is None:
            done = kill_once(chain, chance, seconds, counts)
        chain.finish(done, f"chain {chains}")
    counts.measured |= {"grids run to their end": chains, "seconds of a run": round(seconds, 1)}


def kill_once(chain: Chain, chance: random.Random, seconds: float, counts: Tally) -> Done | None:
    """Start the command and kill it, or a worker of it, at some moment; what it did if it came to its end."""
    commands, delay = chain.commands, chance.uniform(0, seconds)
    how = chance.choice(["driver", "driver and workers", "worker"])
    workers = ("--workers", str(chance.choice([1, 1, 1, 2])))
    process = commands.start(*RUN, *options(chain.results, *workers), report=False)
    if done := commands.ended(process, delay):
        return done
    counts.inject(f"{how} killed")
    if how == "worker":
        for worker in children(process)[:1]:
            os.kill(worker, signal.SIGKILL)
        return commands.wait(process)
    done = commands.kill(process, workers=how == "driver and workers")
    counts.require(not done.raised, "tracebacks", done.said)
    chain.look(f"{how} killed after {delay:.2f} s")
    return None


@sizes(None, *range(10))
def test_a_storm_of_kills(size: int, commands: Commands, undisturbed: Undisturbed, tmp_path: Path,
                          tally: Callable[..., Tally]) -> None:  # fmt: skip
    expected, trials, seconds = undisturbed
    counts, chance = tally("F2", str(size)), random.Random(size)
    chain, done = Chain(commands, tmp_path / "results", counts, expected, trials), None
    for _ in range(200):
        process = commands.start(*RUN, *options(chain.results), report=False)
        if done := commands.ended(process, chance.uniform(0.4, 0.8) * seconds):
            break
        counts.inject("killed")
        commands.kill(process, workers=True)
        before = len(chain.kept)
        chain.look("storm")
        counts.require(len(chain.kept) >= before, "lost", "storm")
    assert done, "a storm came to no end"
    chain.finish(done, "storm")


SIGNALS = 5
"""How many of each signal are sent in one part of ten."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@sizes(None, *range(1, 11))
def test_signals_at_any_moment(size: int, commands: Commands, undisturbed: Undisturbed,
                               tmp_path: Path, tally: Callable[..., Tally]) -> None:  # fmt: skip
    """Every other signal meets a process of its own from its first moment on, and every fifth is sent twice."""
    expected, trials, seconds = undisturbed
    counts, chance = tally("F4", str(size)), random.Random(size)
    chain = Chain(commands, tmp_path / "results", counts, expected, trials)
    for place in range(SIGNALS * len(CODES)):
        number = list(CODES)[place % len(CODES)]
        fresh = place // len(CODES) % 2 == 0
        stop = stop_fresh if fresh else stop_forked
        done, took = stop(chain, number, chance.uniform(0, 4 if fresh else seconds), twice=place % 5 == 0)
        what = f"{number.name} {'fresh' if fresh else 'forked'}: {done.code} {done.said[-1500:]}"
        if done.code != 0:
            counts.inject(f"{number.name} {'from the first moment on' if fresh else 'while it trains'}")
            counts.most("seconds to stop", took)
            counts.require(done.code == CODES[number] or (place % 5 == 0 and done.code == -number), "silent", what)
            counts.require(took < 10, "silent", f"took {took:.1f} s: {what}")
        counts.require(not done.raised, "tracebacks", what)
        chain.look(what)
        if done.code == 0 or len(chain.kept) == len(trials):
            chain.finish(commands.run(*RUN, *options(chain.results), report=False), what)
            chain = Chain(commands, tmp_path / "results", counts, expected, trials)
    chain.finish(commands.run(*RUN, *options(chain.results), report=False), "the last")


def stop_forked(chain: Chain, number: signal.Signals, delay: float, *, twice: bool) -> tuple[Done, float]:
    """A command that has imported everything is sent a signal after a time; how long it then took to stop."""
    process = chain.commands.start(*RUN, *options(chain.results), report=False)
    if done := chain.commands.ended(process, delay):
        return done, 0.0
    began = time.monotonic()
    for _ in range(1 + twice):
        os.kill(process, number)
        time.sleep(0.05 * twice)
    return chain.commands.wait(process), time.monotonic() - began


def stop_fresh(chain: Chain, number: signal.Signals, delay: float, *, twice: bool) -> tuple[Done, float]:
    """The same of a process of its own, whose every moment from the first on may be met."""
    command = [sys.executable, "-c", "from seqbench.entry import main; main()", *map(str, RUN), *options(chain.results)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    ) as process:
        time.sleep(delay)
        while process.poll() is None and not catches_termination(process.pid):  # Python itself has yet to start
            time.sleep(0.001)
        began = time.monotonic()
        for _ in range(1 + twice):
            process.send_signal(number)
            time.sleep(0.05 * twice)
        said, _ = process.communicate(timeout=120)
    return Done(process.returncode, said), time.monotonic() - began


def catches_termination(process: int) -> bool:
    """Whether seqbench has run its first line: a process has its own way with SIGTERM from then on."""
    caught = Path(f"/proc/{process}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> signal.SIGTERM - 1 & 1)
