"""At which lengths the batches of a trial are drawn, which trial that is, and what is refused."""

import pytest

from seqbench.execution.plan_content import declared
from seqbench.grid.lengths import DrawnLengths
from seqbench.plan.estimate import TRAINING_FACTOR, forward_seconds
from seqbench.plan.plan import plan

RECALL = """
question: q
tasks: [delayed_recall]
lengths: [20]
seeds: 1
model: {stacked: {width: 4}}
"""


def lengths(length, **asked):
    return DrawnLengths.model_validate({"from": asked.pop("shortest"), **asked}).at(length)


def test_lengths_by_hand():
    assert lengths(8, shortest=0.5) == (4, 5, 6, 7, 8)
    assert lengths(40, shortest=0.025, count=64) == tuple(range(1, 41))
    assert lengths(100, shortest=0.5, count=3) == (50, 75, 100)
    assert lengths(100, shortest=0.2, to=0.4, count=4) == (20, 27, 33, 40)
    assert lengths(100, shortest=0.5, to=0.5) == (50,)
    assert lengths(1, shortest=0.1) == ()
    assert lengths(100, shortest=1) == ()
    assert len(lengths(1000, shortest=0.1)) == 16


def trial_of(read, lengths):
    [trial] = plan(read(RECALL + f"training: {{lengths: {lengths}}}\n")).trials
    return trial


def test_a_trial_at_its_own_length_alone_is_the_one_that_it_always_was(read):
    [plain] = plan(read(RECALL)).trials
    assert trial_of(read, "false").id == trial_of(read, "{from: 1}").id == trial_of(read, "{from: 0.99}").id == plain.id
    assert "lengths" not in plain.settings["training"]
    drawn = trial_of(read, "{from: 0.5, count: 3}")
    assert drawn.id != plain.id
    assert drawn.settings["training"]["lengths"] == [10, 15, 20]
    assert drawn.length == 20


def test_other_lengths_cost_less_and_need_no_other_program(read):
    methods = "methods: [{name: a}, {name: b, training: {lengths: {from: 0.5}}}]\n"
    made = plan(read(RECALL + methods))
    assert len(made.groups) == 1
    own, drawn = made.trials
    # 15 steps a sequence instead of 20, on average, in training and not in evaluation
    saved = own.configuration.seconds - drawn.configuration.seconds
    budget = own.settings["training"]["steps"]
    assert saved == pytest.approx(budget * TRAINING_FACTOR * forward_seconds(own.configuration.size, 5, 32))
    assert made.training_lengths == (
        "b: each training batch at one of up to 16 lengths from 0.5 to 1 x the dependency length, drawn evenly; "
        "the others: at the dependency length"
    )
    assert made.describe()["training_lengths"] == made.training_lengths
    assert declared(made)["training_lengths"] == made.training_lengths
    plain = plan(read(RECALL))
    assert plain.training_lengths == ""
    assert "training_lengths" not in declared(plain)


@pytest.mark.parametrize(
    ("task", "shortest", "problem"),
    [
        ("{temporal_order: {length: 20}}", 0.25, "at lengths from 5 to 20: temporal_order places symbols by tenths"),
        ("{count_out: {length: 20}}", 0.5, "at lengths from 10 to 20: it has 20 outputs at length 20 and 10 at 10"),
        ("{number_words: {length: 30}}", 0.9, "its sequences are no longer at length 30 than at"),
    ],
)
def test_a_task_that_lacks_one_of_the_lengths_is_left_out_with_the_reason(read, task, shortest, problem):
    text = RECALL.replace("delayed_recall", task) + f"training: {{lengths: {{from: {shortest}}}}}\n"
    if "temporal_order" not in task:
        text = text.replace("stacked", "encoder_decoder")
    made = plan(read(text))
    assert not made.trials
    [refused] = made.incompatible
    assert problem in refused.reason
    assert refused.lengths


def test_a_model_of_one_length_is_left_out_with_the_reason(read):
    methods = "methods: [{name: a}, {name: w, model: {window_mlp: {window: 4}}}]\ntraining: {lengths: {from: 0.5}}\n"
    made = plan(read(RECALL + methods))
    assert [trial.method for trial in made.trials] == ["a"]
    [refused] = made.incompatible
    assert refused.reason == "it reads sequences of one length alone and cannot be trained at several"


def test_levels_that_draw_different_lengths_are_refused(error_of):
    level = "{x: {training: {lengths: {from: SHORTEST}}}}"
    factors = f"factors:\n  f: {level.replace('SHORTEST', '0.5')}\n  g: {level.replace('SHORTEST', '0.25')}\n"
    told = error_of(RECALL + factors)
    assert "training.lengths: two levels contradict each other: each training batch at one of up to 16 lengths" in told
