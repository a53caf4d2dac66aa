"""Workers that crash, die and are replaced."""

import os
import signal
from dataclasses import replace

import pytest

from seqbench.execution.local import ATTEMPTS, Pool
from seqbench.grid.plan import plan


@pytest.fixture(scope="module")
def group(grid):
    first = plan(grid).groups[0]
    return replace(first, trials=first.trials[:2])


def run(pool, groups):
    events = []
    pool.run(groups, events.append)
    return {name: [event for event in events if event["event"] == name] for name in ("finished", "crashed", "started")}


def test_an_exception_is_reported_and_the_next_trial_goes_on(group):
    broken = replace(group.trials[0], fixed={**group.trials[0].fixed, "cell": {"name": "nothing", "settings": {}}})
    with Pool(1) as pool:
        events = run(pool, [replace(group, trials=(broken, group.trials[1]))])
    [crash] = events["crashed"]
    assert "nothing" in crash["traceback"]
    assert [event["trial"] for event in events["finished"]] == [group.trials[1].id]


def test_a_killed_worker_costs_one_attempt(group):
    killed = []

    with Pool(1) as pool:

        def handle(event):
            if event["event"] == "started" and not killed:
                killed.append(os.kill(pool._workers[0]._process.pid, signal.SIGKILL))
            events.append(event)

        events = []
        pool.run([group], handle)
    assert [event["trial"] for event in events if event["event"] == "finished"] == [trial.id for trial in group.trials]
    assert not [event for event in events if event["event"] == "crashed"]


def test_a_trial_that_kills_its_workers_is_given_up_with_a_reason(group):
    with Pool(1) as pool:
        events = []

        def handle(event):
            if event["event"] == "started" and event["trial"] == group.trials[0].id:
                os.kill(pool._workers[0]._process.pid, signal.SIGKILL)
            events.append(event)

        pool.run([group], handle)
    assert [event["event"] for event in events].count("started") == ATTEMPTS + 1
    [crash] = [event for event in events if event["event"] == "crashed"]
    assert crash["trial"] == group.trials[0].id
    assert "killed by signal 9" in crash["traceback"]
    assert "--workers 1" in crash["traceback"]
    assert [event["trial"] for event in events if event["event"] == "finished"] == [group.trials[1].id]


def test_no_worker_outlives_the_pool(group):
    with Pool(2) as pool:
        run(pool, [group])
        processes = [worker._process for worker in pool._workers]
        assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)
