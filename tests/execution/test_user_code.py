"""Code of the user's own that hangs, prints without end or raises: it costs its own trial and no other."""

import queue
import signal
import time
from pathlib import Path
from typing import get_type_hints

import pytest
from typer.testing import CliRunner

from seqbench.cli import app
from seqbench.execution.events import Crashed, Finished
from seqbench.execution.job import job_of
from seqbench.execution.output import LARGEST, OutputLog, log_path
from seqbench.execution.pool import Pool
from seqbench.execution.process import Process
from seqbench.execution.time_limit import FACTOR, LEAST, default_limit
from seqbench.grid.read import read_grid
from seqbench.plan.estimate import SECONDS_PER_COMPILATION
from seqbench.plan.plan import plan
from tests.forked import seqbench

TASKS = """
import os
import subprocess
import sys
import time
from pathlib import Path

from seqbench.tasks.base import Task
from seqbench.tasks.delayed_recall import delayed_recall


def before_sampling(act, length):
    task = delayed_recall(length, symbols=2)

    def sample(key, size):
        Path("begun").touch()
        act()
        return task.sample(key, size)

    return task._replace(sample=sample)


def sleeps(length: int = 2) -> Task:
    return before_sampling(lambda: time.sleep(1e6), length)


def loops(length: int = 2) -> Task:
    def act():
        while True:
            pass

    return before_sampling(act, length)


def waits(length: int = 2) -> Task:
    return before_sampling(lambda: subprocess.run(["sleep", "1000000"]), length)


def leaves(length: int = 2) -> Task:
    def act():
        subprocess.Popen(["sleep", "1000000"])
        print("leaving")
        os._exit(7)

    return before_sampling(act, length)


def prints(length: int = 2) -> Task:
    def act():
        for _ in range(50):
            print("o" * 1_000_000)
            print("e" * 1_000_000, file=sys.stderr)

    return before_sampling(act, length)


def raises(length: int = 2) -> Task:
    def act():
        print("nearly there")
        raise ValueError("no such file")

    return before_sampling(act, length)
"""
GRID = """
question: What does user code do to a run?
tasks: [{tasks}]
lengths: [2]
seeds: 1
cell: vanilla
model: {{stacked: {{width: 4}}}}
training: {{steps: 10, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 64}}
probes: none
"""
HANGING = ("sleeps", "loops", "waits")


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Plans a grid over tasks of the user's own, by name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "curious.py").write_text(TASKS)
    path = tmp_path / "curious.yaml"

    def make(*names):
        path.write_text(GRID.format(tasks=", ".join(f'"curious:{name}"' for name in names)))
        return plan(read_grid(path))

    return make


def run(groups, folder, **options):
    events, said = [], []
    with Pool(1, folder=folder, say=said.append, **options) as pool:
        pool.run(groups, events.append)
    assert said == []
    return {event.trial: event for event in events if isinstance(event, Finished | Crashed)}


def test_what_hangs_is_ended_and_the_rest_goes_on(planned, tmp_path):
    made = planned(*HANGING, "raises", "prints")
    hanging = {trial.id for trial in made.trials if trial.task.name.partition(":")[2] in HANGING}
    ended = run(made.groups, tmp_path, limit=lambda trial: 2.0 if trial.id in hanging else 1e9)
    assert len(hanging) == 3
    assert {type(ended[trial]) for trial in hanging} == {Crashed}
    assert {ended[trial].reason for trial in hanging} == {
        "The trial was ended because it took longer than 0.0333 min. If it does not hang in its own code or in "
        "compilation, give it more with --time-limit; it goes on from its last checkpoint."
    }
    raised, printed = (ended[trial.id] for trial in made.trials[3:])
    assert raised.reason.startswith("ValueError: no such file (curious.py, line ")
    assert raised.reason.endswith(", in act)")
    assert log_path(tmp_path, raised.trial).read_text() == "nearly there\n"
    assert isinstance(printed, Finished)
    kept = log_path(tmp_path, printed.trial).read_bytes()
    assert LARGEST < len(kept) < LARGEST + 100
    assert kept.startswith(b"ooooo")
    assert {path.stem for path in (tmp_path / "logs").iterdir()} == {raised.trial, printed.trial}


@pytest.mark.parametrize("name", HANGING)
def test_a_worker_is_ended_in_the_middle_of_user_code_with_all_that_it_started(planned, tmp_path, name):
    [group] = planned(name).groups
    [trial] = group.trials
    worker = Process(queue.SimpleQueue(), OutputLog(tmp_path, print))
    worker.begin(trial, job_of(trial, group))
    until(lambda: (tmp_path / "begun").exists() and (name != "waits" or children(worker)))
    started = children(worker)
    worker.kill()
    assert worker._process.returncode == -signal.SIGKILL
    until(lambda: not any(map(is_running, started)))


def test_a_worker_that_ends_by_itself_takes_with_it_what_it_started(planned, tmp_path):
    """Otherwise the run would wait for ever for the end of what it prints."""
    made = planned("leaves")
    [crash] = run(made.groups, tmp_path).values()
    assert crash.reason == (
        "Tried 2 times: the worker ended with code 7 while training this trial. It last printed: leaving"
    )
    assert log_path(tmp_path, crash.trial).read_text() == "leaving\n"


def until(condition):
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(worker):
    """The processes that a worker has started."""
    number = worker._process.pid
    return Path(f"/proc/{number}/task/{number}/children").read_text().split()


def is_running(number):
    """Whether there is such a process that has not ended yet; one that nobody waits for stays as a zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow
def test_the_command_line_sets_the_limit_and_says_what_became_of_it(planned, tmp_path):
    planned("sleeps")
    done = seqbench("run", "curious.yaml", "--no-tracking", "--time-limit", "0.05", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "1 trial crashed:\n  1 x The trial was ended because it took longer than 0.05 min." in done.stderr
    assert str(Path("results/curious/logs")) in done.stderr
    shown = seqbench("status", "curious.yaml", cwd=tmp_path).stdout
    assert "failed: The trial was ended because it took longer than 0.05 min." in shown


def test_the_limit_is_a_multiple_of_the_estimate_and_minutes_at_least(planned):
    [trial] = planned("sleeps").trials
    assert default_limit(trial) == LEAST >= 60
    shared = trial.shared
    longer = shared._replace(configuration=shared.configuration._replace(seconds=3600.0))
    patient = type(trial)(trial.id, trial.seed, longer)
    assert default_limit(patient) == FACTOR * (3600.0 + SECONDS_PER_COMPILATION)


@pytest.mark.parametrize("name", ["run", "retry", "verify"])
def test_the_help_states_the_limit_as_it_is(name):
    [command] = [command for command in app.registered_commands if command.callback.__name__ == name]
    [option] = get_type_hints(command.callback, include_extras=True)["time_limit"].__metadata__
    assert f"{FACTOR} times its estimate, at least {LEAST / 60:g}" in option.help


@pytest.mark.parametrize("name", ["retry", "verify"])
def test_trials_that_are_trained_again_take_the_limit_that_is_given(name, monkeypatch):
    given = {}
    monkeypatch.setattr(f"seqbench.commands.{name}.{name}", lambda asked, **options: given.update(options))
    done = CliRunner().invoke(app, [name, "quickstart", "--time-limit", "2.5"])
    assert done.exit_code == 0, done.output
    assert given["time_limit"] == 2.5
    assert given.get("again", "--time-limit 2.5").endswith("--time-limit 2.5")
