"""A trial that is stuck stops where its grid declares it, and nowhere else."""

import pytest

from seqbench.training.stuck import stuck_at
from tests.training.test_trial import program, run

RULE = {"evaluations": 2, "improvement": 0.1}


def curve(*losses):
    return [{"step": 10 * (place + 1), "train_loss": loss} for place, loss in enumerate(losses)]


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ((1, 1), None),  # two evaluations have nothing before them
        ((1, 1, 1), 30),
        ((1, 0.95, 0.91), 30),  # less than a tenth below the first
        ((1, 0.95, 0.89), None),
        ((1, 0.95, 0.89, 0.85, 0.83), 50),  # against 0.95 a tenth is 0.855; against 0.89 it is 0.801
        ((1, 0.5, 2, 2), 40),  # what it once reached counts
        ((-1, -1.05, -1.05), 30),
        ((-1, -1.05, -1.11), None),
    ],
)
def test_stuck_by_hand(losses, expected):
    assert stuck_at(curve(*losses), RULE) == expected


def test_without_a_rule_no_trial_is_stuck():
    assert stuck_at(curve(1, 1, 1, 1), False) is None


def test_a_stuck_trial_stops_with_its_last_evaluation_whole_and_is_tested():
    rule = {"evaluations": 2, "improvement": 0.5}
    still = run(program(validation_sequences=512, stop_when_stuck=rule), learning_rate=1e-6)
    assert [row["step"] for row in still.curve] == [10, 20, 30]
    assert [row["validation_sequences"] for row in still.curve] == [256, 256, 512]
    assert (still.row["stuck_at"], still.row["steps"], still.row["budget"]) == (30, 30, 40)
    assert still.row["accuracy"] is not None
    declared_by_none = run(program(validation_sequences=512), learning_rate=1e-6)
    assert (declared_by_none.row["stuck_at"], declared_by_none.row["steps"]) == (None, 40)
