"""What the key `training` may say, and how an error names what it may not."""

import pytest

from seqbench.grid.training import batch_at

SMALL = "question: Does it?\ntasks: [adding]\nlengths: [10, 20]\n"

ERRORS = [
    ("{steps: {per_lenght: 20, per_length: 1}}", "4:20 training.steps.per_lenght: unknown key; did you mean 'per_l"),
    ("{steps: {at_least: 5}}", "4:19 training.steps.per_length: expected a value, got none"),
    ("{steps: {per_length: 0}}", "4:32 training.steps.per_length: expected more than 0, got 0"),
    ("{steps: {per_length: 2, at_least: 1.5}}", "4:45 training.steps.at_least: expected a whole number, got 1.5"),
    ("{steps: {per_length: 2, at_least: 9, at_most: 8}}", "4:19 training.steps: expected at_most of no less than at_"),
    ("{stop_when_solved: {afte: 300}}", "4:31 training.stop_when_solved.afte: unknown key; did you mean 'after'?"),
    ("{stop_when_solved: {after: 0}}", "4:38 training.stop_when_solved.after: expected more than 0, got 0"),
    ("{stop_when_stuck: {evaluatons: 9}}", "4:30 training.stop_when_stuck.evaluatons: unknown key; did you mean 'eval"),
    ("{stop_when_stuck: {evaluations: 1}}", "4:43 training.stop_when_stuck.evaluations: expected 2 or more, got 1"),
    ("{stop_when_stuck: true}", "4:29 training.stop_when_stuck: expected"),
    ("{batch_size: {att: {}, at: {1: 2}}}", "4:25 training.batch_size.att: unknown key; did you mean 'at'?"),
    ("{batch_size: {at: {}}}", "4:29 training.batch_size.at: expected"),
    ("{batch_size: {at: {100: 0}}}", "4:35 training.batch_size.at.100: expected more than 0, got 0"),
    ("{batch_size: {at: {long: 5}}}", "4:30 training.batch_size.at.long: expected a whole number, got the text 'long'"),
    ("{batch_size: {at: {0: 5}}}", "4:30 training.batch_size.at.0: expected a whole number, got the text '0'"),
    ("{lengths: {form: 0.5}}", "4:22 training.lengths.form: unknown key; did you mean 'from'?"),
    ("{lengths: {from: 0.5, to: 2}}", "4:37 training.lengths.to: expected 1 or less, got 2"),
    ("{lengths: {from: 0.5, to: 0.4}}", "4:21 training.lengths: expected to of no less than from, which is 0.5"),
    ("{lengths: {from: 0.5, count: 1}}", "4:40 training.lengths.count: expected 2 or more, got 1"),
    ("{lengths: [10, 20]}", "4:21 training.lengths: expected"),
    ("{steps: [1, 2]}", "4:19 training.steps: expected a whole number, got [1, 2]"),
]


@pytest.mark.parametrize(("text", "problem"), ERRORS)
def test_what_is_wrong_is_said_with_its_place(error_of, text, problem):
    assert problem in error_of(SMALL + f"training: {text}\n")


def test_steps_by_length_stay_within_their_bounds(read):
    steps = read(SMALL + "training: {steps: {per_length: 20, at_least: 800, at_most: 4000}}\n").training.steps
    assert [steps.at(length) for length in (1, 40, 100, 200, 1000)] == [800, 800, 2000, 4000, 4000]
    assert str(steps) == "20 x dependency length, at least 800, at most 4,000"


def test_batches_shrink_from_a_length_on(read):
    size = read(SMALL + "training: {batch_size: {at: {1000: 16, 100: 64}}}\n").training.batch_size
    assert [batch_at(size, length) for length in (1, 99, 100, 999, 1000, 5000)] == [64, 64, 64, 64, 16, 16]
    assert batch_at(read(SMALL).training.batch_size, 5000) == 32
