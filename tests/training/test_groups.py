"""Accuracy by what a task counts beside the distance."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.tasks.base import Groups
from seqbench.training.bins import BINS
from seqbench.training.data import TEST
from tests.training.test_trial import TASK, program, run, without_clock


def test_accuracy_by_what_the_task_counts_adds_up_to_its_accuracy_and_changes_no_number():
    shown = Groups("symbols", (0, 1), lambda inputs: inputs[:, :1])
    # So few steps that the two symbols are not equally well known.
    grouped = program(TASK._replace(groups=shown), steps=10)
    finished, plain = run(grouped, learning_rate=0.1), run(program(steps=10), learning_rate=0.1)
    assert without_clock(plain) == without_clock(finished)
    rows = finished.probes[-2:]
    assert finished.probes[:-2] == plain.probes
    assert [(row["probe"], row["distance"]) for row in rows] == [("accuracy_by_symbols", 0), ("accuracy_by_symbols", 1)]
    inputs = grouped.data.block(3, TEST, 0).first(512, TASK).inputs
    shares = np.bincount(inputs[:, 0]) / len(inputs)
    assert rows[0]["value"] != rows[1]["value"]
    assert shares @ [row["value"] for row in rows] == pytest.approx(finished.row["accuracy"], abs=1e-6)


def test_a_trial_that_diverges_at_the_test_is_tested_once_and_has_no_accuracy_by_group(monkeypatch):
    shown = Groups("symbols", (0, 1), lambda inputs: inputs[:, :1])
    grouped = program(TASK._replace(groups=shown), steps=10)
    evaluate, streams = grouped.evaluate, []

    def overflowing(parameters, seed, stream, sequences, **options):
        streams.append(stream)
        scores = evaluate(parameters, seed, stream, sequences, **options)
        return scores._replace(loss=np.float32(np.inf)) if stream == TEST else scores

    monkeypatch.setattr(grouped, "evaluate", overflowing)
    finished = run(grouped)
    assert finished.row["outcome"] == "diverged"
    assert streams.count(TEST) == 1
    assert not [row for row in finished.probes if row["probe"] == "accuracy_by_symbols"]


def test_groups_are_counted_beside_several_bins_of_distances():
    shown = Groups("symbols", (0, 1), lambda inputs: inputs[:, :1])
    # Every target is in the second of two bins, so the groups' counts cannot stand in for those by distance.
    several = TASK._replace(distances=(1, 2))
    finished, plain = run(program(several._replace(groups=shown), steps=10)), run(program(several, steps=10))
    assert without_clock(plain) == without_clock(finished)
    assert finished.row["accuracy_by_distance"] == {2: finished.row["accuracy"]}
    assert [row["distance"] for row in finished.probes[len(plain.probes) :]] == [0, 1]


def test_groups_are_counted_beside_more_bins_of_distances_than_there_may_be_groups():
    shown = Groups("symbols", (0, 1), lambda inputs: inputs[:, :1])
    many = TASK._replace(distances=tuple(range(1, BINS + 2)))
    finished = run(program(many._replace(groups=shown), steps=10), learning_rate=0.1)
    one = run(program(TASK._replace(groups=shown), steps=10), learning_rate=0.1)
    assert finished.row["accuracy_by_distance"] == {2: finished.row["accuracy"]}
    assert finished.probes[-2:] == one.probes[-2:]
