"""Searches and tuning go on while other trials train, to the same results whatever the order of arrival.

Workers are simulated: a trial ends at once, and its event arrives when the queue of events lets it.
"""

from __future__ import annotations

import math
import queue
import random
from types import SimpleNamespace

import pandas as pd
import pytest

from seqbench.execution import pool
from seqbench.execution.events import Finished
from seqbench.execution.local import ThisMachine
from seqbench.execution.run import run_grid
from seqbench.plan.search import length_grid
from seqbench.store.results import load

GRID = """
question: How far back, with which rate?
tasks: [delayed_recall]
lengths: {from: 5, to: 80, precision: 1.3, checked: 0.5}
seeds: 2
probes: none
model: {stacked: {width: 4}}
methods: [{name: a}, {name: b, cell: gru}]
tuning: {seeds: 1, learning_rate: [1.0e-3, 1.0e-2]}
"""
HORIZONS = {("a", 1e-3): 9, ("a", 1e-2): 33, ("b", 1e-3): 1000, ("b", 1e-2): 4, ("c", 1e-3): 15}
LUCKY = ("c", 80)
"""A method and a length that it solves beyond its horizon, as networks may."""


def finished(trial):
    """What a simulated trial leaves: solved up to a horizon of its method, rate and seed."""
    within = trial.length <= HORIZONS[trial.method, trial.learning_rate] * 1.4 ** (trial.seed % 2)
    solved = within or (trial.method, trial.length) == LUCKY
    row = {
        "outcome": "solved" if solved else "chance", "accuracy": float(solved), "solved_at": 100 if solved else None,
        "validation_loss": 0.1, "budget": 3000, "steps": 100 if solved else 3000, "chance": 0.1, "trivial": 0.1,
    }  # fmt: skip
    return Finished(trial.id, row, [], [], [], None, {"machine": "simulated"})


class Arrivals:
    """Events in a random order, or in the order of training."""

    def __init__(self, seed):
        self._waiting, self._random = [], random.Random(seed) if seed is not None else None

    def put(self, event):
        self._waiting.append(event)

    def get(self, timeout=None):
        return self._waiting.pop(self._random.randrange(len(self._waiting)) if self._random else 0)


class Simulated:
    """A worker that is done with what it is given at once."""

    waits = lost = False

    def __init__(self, events):
        self.trial, self.group, self._events = None, "", events

    def begin(self, trial, job):
        self.trial = trial
        self._events.put((self, finished(trial)))

    def kill(self):
        pass


class SimulatedWorkers(ThisMachine):
    """A place of such workers."""

    def start(self, events, output):
        return Simulated(events)


@pytest.fixture
def simulate(read, tmp_path, monkeypatch):
    """Run the grid into a folder with simulated workers; the ids of the trials that it trained, as they arrived."""

    def run(name, *, workers=3, arrival=None, stop_after=math.inf):
        monkeypatch.setattr(pool, "queue", SimpleNamespace(SimpleQueue=lambda: Arrivals(arrival), Empty=queue.Empty))
        arrived = []

        def observe(trial, event):
            arrived.append(trial.id)
            if len(arrived) >= stop_after:
                raise KeyboardInterrupt

        run_grid(read(GRID), tmp_path / name, workers=workers, place=SimulatedWorkers(), observe=observe)
        return arrived

    return run


def contents(folder):
    """The table of a folder in an order of its own, and the trials and choices of its plan."""
    results = load(folder)
    trials = results.finished.sort_values("trial", ignore_index=True)
    return trials, sorted(results.plan.trials), sorted(map(repr, results.plan.chosen))


def assert_same(one, other):
    pd.testing.assert_frame_equal(one[0], other[0])
    assert one[1:] == other[1:]


def test_the_order_of_arrival_changes_neither_the_plan_nor_the_table(simulate, tmp_path):
    simulate("plain", workers=1)
    expected = contents(tmp_path / "plain")
    assert len(expected[0]) == len(expected[1]) > 25
    for arrival in range(6):
        simulate(f"shuffled-{arrival}", workers=2 + arrival, arrival=arrival)
        assert_same(contents(tmp_path / f"shuffled-{arrival}"), expected)


def test_killed_after_every_trial_it_ends_with_the_same_table(simulate, tmp_path):
    simulate("plain", workers=1)
    expected, total = contents(tmp_path / "plain"), 0
    while True:
        try:
            total += len(simulate("killed", workers=3, arrival=total, stop_after=1))
            break
        except KeyboardInterrupt:
            total += 1
    assert total == len(expected[1]), "a trial that was kept was trained again"
    assert_same(contents(tmp_path / "killed"), expected)


def test_no_search_waits_for_the_slowest_trial_of_another(read, tmp_path, monkeypatch):
    """One trial never ends before all else that can be asked has: the other searches go on to their end meanwhile."""

    class Late(Arrivals):
        def get(self, timeout=None):
            others = [turn for turn, (_, event) in enumerate(self._waiting) if event.trial != slow]
            return self._waiting.pop(others[0] if others else 0)

    untuned = read(GRID.split("tuning:")[0].replace("name: a", "name: a, training: {learning_rate: 1.0e-2}"))
    arrived = []
    slow = None
    monkeypatch.setattr(pool, "queue", SimpleNamespace(SimpleQueue=lambda: Late(None), Empty=queue.Empty))

    def first_plan(plan, found):
        nonlocal slow
        slow = slow or plan.trials[0].id

    run_grid(untuned, tmp_path / "late", workers=2, place=SimulatedWorkers(), found=first_plan,
             observe=lambda trial, event: arrived.append(trial))  # fmt: skip
    place = [trial.id for trial in arrived].index(slow)
    before = {(trial.method, trial.seed) for trial in arrived[:place]}
    ours = (arrived[place].method, arrived[place].seed)
    assert len(before) == 3
    assert {(trial.method, trial.seed) for trial in arrived[place:]} == {ours}
    assert max(trial.length for trial in arrived[:place]) == max(length_grid(5, 80, 1.3))


SEARCH = """
question: Is a check contradicted?
tasks: [delayed_recall]
lengths: LENGTHS
seeds: 1
probes: none
model: {stacked: {width: 4}}
methods: [{name: c}]
"""


def test_a_trial_that_the_plan_no_longer_asks_for_is_trained_to_its_end_and_kept(read, tmp_path, monkeypatch):
    """Of two checks one fails and so contradicts what an earlier list left; the other one ends after all else."""

    class Late(Arrivals):
        def get(self, timeout=None):
            others = [turn for turn, (_, event) in enumerate(self._waiting) if event.trial != late]
            return self._waiting.pop(others[0] if others else 0)

    def train(lengths, found):
        grid = read(SEARCH.replace("LENGTHS", lengths))
        return run_grid(grid, tmp_path / "kept", workers=2, place=SimulatedWorkers(), found=found).finished

    def found(plan, state):
        nonlocal late
        missing = [trial.id for trial in plan.trials if trial.id not in state.outcomes]
        late = late or (missing[-1] if len(missing) == 2 else None)  # both checks, and the longer one is late
        plans.append({trial.id for trial in plan.trials})

    late, plans = None, []
    monkeypatch.setattr(pool, "queue", SimpleNamespace(SimpleQueue=lambda: Late(None), Empty=queue.Empty))
    train("[80, 160, 320]", lambda plan, state: None)
    kept = train("{from: 10, to: 320, precision: 1.1, checked: 1.0}", found)
    asking = [late in plan for plan in plans]
    assert False in asking[asking.index(True) :], "every later plan asked for it"
    assert set(kept["trial"]) == plans[-1]
    assert late in plans[-1]
