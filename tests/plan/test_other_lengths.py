"""At which lengths trained networks are tested, and what is refused."""

import pytest

from seqbench.grid.lengths import ListedLengths, resolve_test_lengths
from seqbench.plan.plan import plan

HEAD = "question: q\nlengths: [8, 20]\nseeds: 1\nmodel: {stacked: {width: 4}}\n"
RECALL = HEAD + "tasks: [delayed_recall]\n"


def test_multiples_and_lists_by_hand():
    assert resolve_test_lengths([0.5, 1, 2, 4], 9) == (4, 18, 36)  # 4.5 is rounded to even
    assert resolve_test_lengths([0.1, 2], 3) == (1, 6)
    assert resolve_test_lengths(ListedLengths(lengths=[40, 9, 20]), 9) == (20, 40)
    assert resolve_test_lengths([], 9) == ()


def test_trials_are_the_same_and_cost_more(read):
    plain, tested = plan(read(RECALL)), plan(read(RECALL + "test_lengths: [2, 50]\n"))
    assert [trial.id for trial in plain.trials] == [trial.id for trial in tested.trials]
    assert [trial.tested for trial in tested.trials] == [(16, 400), (40, 1000)]
    assert [trial.tested for trial in plain.trials] == [(), ()]
    assert tested.estimate().seconds > plain.estimate().seconds
    assert tested.estimate().bytes_per_worker > plain.estimate().bytes_per_worker


def test_trials_that_choose_settings_are_not_tested(read):
    tuned = "test_lengths: [2]\ntuning: {seeds: 1, learning_rate: [1.0e-3]}\n"
    assert {(trial.purpose, trial.tested) for trial in plan(read(RECALL + tuned)).trials} == {("tuning", ())}


def test_a_model_of_one_length_is_named_and_not_tested(read):
    window = "test_lengths: [2]\nmethods: [{name: a}, {name: w, model: {window_mlp: {window: 4}}}]\n"
    made = plan(read(RECALL + window))
    assert made.untested == ("w",)
    assert made.describe()["untested"] == ["w"]
    assert {trial.method: trial.tested for trial in made.trials if trial.length == 8} == {"a": (16,), "w": ()}


@pytest.mark.parametrize(
    ("task", "problem"),
    [
        ("{number_words: {length: [22, 29]}}", "trained at length 29, cannot be tested at all of them: its sequences"),
        ("{count_out: {length: 20}}", "it has 20 outputs at length 20 and 40 at 40"),
    ],
)
def test_a_task_of_bounded_length_is_refused_with_the_reason(error_of, task, problem):
    assert problem in error_of(HEAD + f"tasks: [{task}]\ntest_lengths: [2]\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[0]", "test_lengths[0]: expected more than 0, got 0"),
        ("{length: [3]}", "test_lengths.length: unknown key; did you mean 'lengths'?"),
        ("{lengths: [1.5]}", "test_lengths.lengths[0]: expected a whole number, got 1.5"),
        ("3", "test_lengths: expected a list, got 3"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(error_of, text, problem):
    assert problem in error_of(RECALL + f"test_lengths: {text}\n")


def test_a_search_is_tested_at_the_lengths_that_it_may_train(read):
    """Beyond its bound `number_words` has no longer sequences, at which no trial of the search is trained."""
    search = HEAD.replace("[8, 20]", "{from: 5, to: 100}").replace("stacked", "encoder_decoder")
    made = plan(read(search + "tasks: [number_words]\ntest_lengths: [0.5]\n"))
    assert made.trials
