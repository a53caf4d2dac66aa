"""Which settings tell two trials apart, and which trial is nearest."""

from __future__ import annotations

from seqbench.plan.plan import plan
from seqbench.plan.settings_difference import ABSENT, Pair, differing, flat, nearest

GRID = """
question: Which?
tasks: [delayed_recall]
lengths: [2, 3]
seeds: 2
model: {stacked: {width: 4}}
methods:
  - {name: plain, cell: vanilla}
  - {name: clipped, cell: vanilla, mitigations: [{clip_global_norm: {threshold: 0.5}}]}
"""


def trial_of(trials, method, length, seed):
    [found] = [each for each in trials if (each.method, each.length, each.seed) == (method, length, seed)]
    return found


def test_settings_are_named_as_a_grid_names_them(read):
    trial = trial_of(plan(read(GRID)).trials, "clipped", 3, 1001)
    found = flat(trial.settings)
    assert found["task"] == "delayed_recall"
    assert found["task.length"] == 3
    assert found["model.width"] == 4
    assert found["mitigations[0]"] == "clip_global_norm"
    assert found["mitigations[0].threshold"] == 0.5
    assert found["training.optimizer"] == "adam"
    assert found["seed"] == 1001


def test_what_differs_is_what_was_changed_and_no_more(read):
    trials = plan(read(GRID)).trials
    one, other = (trial_of(trials, "plain", length, 1000) for length in (2, 3))
    assert differing(one.settings, other.settings) == {"task.length": Pair("2", "3")}
    assert differing(one.settings, one.settings) == {}
    wider = plan(read(GRID.replace("width: 4", "width: 8"))).trials
    changed = differing(one.settings, trial_of(wider, "plain", 2, 1000).settings)
    assert changed == {"model.width": Pair("4", "8")}


def test_a_setting_of_one_alone_is_absent_in_the_other(read):
    trials = plan(read(GRID)).trials
    found = differing(*(trial_of(trials, method, 2, 1000).settings for method in ("plain", "clipped")))
    assert found["mitigations[0].threshold"] == Pair(ABSENT, "0.5")


def test_the_nearest_trial_shares_the_most_settings(read):
    wanted = trial_of(plan(read(GRID)).trials, "clipped", 3, 1001)
    changed = plan(read(GRID.replace("threshold: 0.5", "threshold: 0.25"))).trials
    found = nearest(wanted.settings, changed)
    assert (found.method, found.length, found.seed) == ("clipped", 3, 1001)
    assert nearest(wanted.settings, ()) is None
