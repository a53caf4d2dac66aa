"""Evaluation ends early where, and only where, nothing that it has not read could change what it decides."""

import numpy as np
import pytest

from seqbench.tasks.adding import adding
from seqbench.tasks.base import Criterion
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training.data import TEST, VALIDATION
from seqbench.training.decision import decided
from seqbench.training.objective import Scores

RECALL = delayed_recall(3)._replace(criterion=Criterion("accuracy", 0.95))


def scores(*, correct=0, loss=0, targets=100):
    return Scores(*np.float32([loss, correct, targets, correct, targets]), *np.zeros((2, 1), np.float32))


def test_a_share_of_sequences_is_decided_by_the_sequences_that_are_left():
    task = RECALL._replace(targets=3, criterion=Criterion("sequence_accuracy", 0.9))
    # If all of 300 more are right: 361 of 400 are 0.9025, and 359 are 0.8975.
    assert not decided(task, scores(correct=61), 300)
    assert decided(task, scores(correct=59), 300)


@pytest.mark.parametrize(("correct", "expected"), [(0, True), (59, True), (61, False), (100, False)])
def test_an_accuracy_is_decided_once_it_cannot_come_near_the_criterion(correct, expected):
    # If all of 300 more are right: 359 of 400 are 0.8975, and 361 are 0.9025, within 0.05 of what is asked for.
    assert decided(RECALL, scores(correct=correct), 300) is expected


def test_several_targets_a_sequence_can_come_for_each_that_is_left():
    task = RECALL._replace(targets=3)
    assert not decided(task, scores(correct=61), 100)
    assert decided(task, scores(correct=59), 100)


def test_a_loss_is_decided_once_its_sum_is_too_large_whatever_comes():
    task = adding(10)._replace(criterion=Criterion("loss", 0.1))
    assert not decided(task, scores(loss=39), 300)  # 39 / 400: zeros to come would still meet it
    assert decided(task, scores(loss=41), 300)
    # A user's own loss may be below zero.
    assert not decided(task._replace(loss=lambda predictions, targets: -targets), scores(loss=41), 300)
    assert not decided(task, scores(loss=np.nan), 300)


@pytest.fixture(scope="module")
def program():
    from tests.training.test_trial import program

    return program(validation_sequences=1024)


def test_an_early_end_leaves_the_decision_and_is_never_taken_by_a_test(program):
    state = program.initial(3, program.chain)
    whole = program.evaluate(state.parameters, 3, VALIDATION, 1024)
    assert whole.sequences == 1024
    early = program.evaluate(state.parameters, 3, VALIDATION, 1024, until_decided=True)
    assert early.sequences == 256
    assert whole.correct / whole.targets < program.task.criterion.at
    assert program.evaluate(state.parameters, 3, TEST, 1024).sequences == 1024
    program.task = program.task._replace(criterion=Criterion("accuracy", float(whole.correct / 1024)))
    assert program.evaluate(state.parameters, 3, VALIDATION, 1024, until_decided=True).sequences == 1024


def test_curves_say_how_much_was_read_and_the_last_evaluation_reads_all():
    from tests.training.test_trial import program, run

    finished = run(program(validation_sequences=1024, steps=30), learning_rate=1e-6)
    assert [row["validation_sequences"] for row in finished.curve] == [256, 256, 1024]
