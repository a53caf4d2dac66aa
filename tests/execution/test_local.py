"""Workers that crash, die and are replaced."""

import os
import re
import signal
from dataclasses import replace
from functools import partial

import pytest

from seqbench.errors import StoreError
from seqbench.execution.events import Crashed, Finished, IntervalDone, Started
from seqbench.execution.job import job_of
from seqbench.execution.local import ThisMachine
from seqbench.execution.output import log_path
from seqbench.execution.pool import ATTEMPTS, Pool
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan


@pytest.fixture(scope="module")
def group(grid):
    first = plan(grid).groups[0]
    return replace(first, trials=first.trials[:2])


def run(pool, groups):
    events = []
    pool.run(groups, events.append)
    return {kind: [event for event in events if isinstance(event, kind)] for kind in (Finished, Crashed, Started)}


def test_an_exception_is_reported_and_the_next_trial_goes_on(group):
    shared = group.trials[0].shared
    nothing = {**shared.configuration.fixed, "cell": {"name": "nothing", "settings": {}}}
    configuration = shared.configuration._replace(fixed=nothing)
    broken = replace(group.trials[0], shared=shared._replace(configuration=configuration))
    with Pool(1) as pool:
        events = run(pool, [replace(group, trials=(broken, group.trials[1]))])
    [crash] = events[Crashed]
    assert "nothing" in crash.reason
    assert crash.traceback.startswith("Traceback")
    assert [event.trial for event in events[Finished]] == [group.trials[1].id]


def test_a_killed_worker_costs_one_attempt(group):
    killed = []

    with Pool(1) as pool:

        def handle(event):
            if isinstance(event, Started) and not killed:
                killed.append(os.kill(pool._workers[0]._process.pid, signal.SIGKILL))
            events.append(event)

        events = []
        pool.run([group], handle)
    assert [event.trial for event in events if isinstance(event, Finished)] == [trial.id for trial in group.trials]
    assert not [event for event in events if isinstance(event, Crashed)]


def test_a_trial_that_kills_its_workers_is_given_up_with_a_reason(group):
    with Pool(1) as pool:
        events = []

        def handle(event):
            if isinstance(event, Started) and event.trial == group.trials[0].id:
                os.kill(pool._workers[0]._process.pid, signal.SIGKILL)
            events.append(event)

        pool.run([group], handle)
    assert [type(event) for event in events].count(Started) == ATTEMPTS + 1
    [crash] = [event for event in events if isinstance(event, Crashed)]
    assert crash.trial == group.trials[0].id
    assert "killed by signal 9" in crash.reason
    assert "--workers 1" in crash.reason
    assert [event.trial for event in events if isinstance(event, Finished)] == [group.trials[1].id]


def test_an_idle_worker_that_dies_is_replaced(group):
    first, second = (replace(group, trials=(trial,)) for trial in group.trials)
    with Pool(1) as pool:
        run(pool, [first])
        [idle] = pool._workers
        os.kill(idle._process.pid, signal.SIGKILL)
        idle._process.wait()
        events = run(pool, [second])
        assert [event.trial for event in events[Finished]] == [group.trials[1].id]
        assert pool._workers != [idle]


def test_what_a_worker_cannot_write_is_no_fault_of_its_trial(group, tmp_path):
    (tmp_path / "parameters").write_text("a file where a folder is wanted")
    with Pool(1, ask=partial(job_of, folder=tmp_path, keep_parameters=True)) as pool:
        events = []
        with pytest.raises(StoreError, match=re.escape(str(tmp_path / "parameters"))):
            pool.run([group], events.append)
    assert {type(event) for event in events} == {Started, IntervalDone}


def test_what_a_library_prints_goes_to_the_log_of_its_trial(group, monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_LOGGING_LEVEL", "DEBUG")
    said = []
    with Pool(1, say=said.append, folder=tmp_path) as pool:
        run(pool, [group])
    assert b"DEBUG" in log_path(tmp_path, group.trials[0].id).read_bytes()
    assert said == []


def test_no_worker_outlives_the_pool(group):
    with Pool(2) as pool:
        run(pool, [group])
        processes = [worker._process for worker in pool._workers]
        assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)


class Instant:
    """A worker that is done with what it is given at once."""

    waits = lost = False

    def __init__(self, events, began):
        self.trial, self.group, self._events, self._began = None, "", events, began

    def begin(self, trial, job):
        self.trial = trial
        self._began.append((self, self.group, trial))
        self._events.put((self, Crashed(trial.id, "")))

    def kill(self):
        pass


class InstantWorkers(ThisMachine):
    """A place of such workers; `began` is what each was given."""

    def __init__(self):
        self.began = []

    def start(self, events, output):
        return Instant(events, self.began)


def test_workers_begin_with_different_groups_and_with_the_longest_trials(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text("""
question: q
tasks: [delayed_recall]
lengths: [2, 30, 100]
seeds: 2
methods: [{name: small, model: {stacked: {width: 4}}}, {name: large, model: {stacked: {width: 40}}}]
""")
    made, place = plan(read_grid(path)), InstantWorkers()
    with Pool(2, place=place) as pool:
        run(pool, made.groups)
    assert {trial.id for _, _, trial in place.began} == {trial.id for trial in made.trials}
    (_, first, longest), (_, second, _), *_ = place.began
    assert first != second
    assert longest.configuration.seconds == max(trial.configuration.seconds for trial in made.trials)
    for key in {group.key for group in made.groups}:
        seconds = [trial.configuration.seconds for _, group, trial in place.began if group == key]
        assert seconds == sorted(seconds, reverse=True)
    shortest = min(trial.configuration.seconds for trial in made.trials)
    assert shortest in [trial.configuration.seconds for *_, trial in place.began[-2:]]
