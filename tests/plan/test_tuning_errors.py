"""What is wrong with a tuning is said with its place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from seqbench.plan import tuning
from seqbench.plan.axis import Axis
from seqbench.plan.tuning import sampled_settings
from tests.plan.tuned_grids import HEAD, METHODS, SPACE

TUNING = HEAD + METHODS + "tuning:\n"
ERRORS = [
    ("  learning_rate: {low: 1, hi: 2}", "11:27 tuning.learning_rate.hi: unknown key; did you mean 'high'?"),
    ("  learning_rate: {low: 1}", "expected a value, got none; a grid needs this key"),
    (
        "  learning_rate: {low: 0.1, high: 0.1}",
        "11:24 tuning.learning_rate.low: expected less than high, which is 0.1, got 0.1",
    ),
    ("  learning_rate: {low: 0, high: 0.1}", "tuning.learning_rate.low: expected more than 0 on a logarithmic scale"),
    (
        "  learning_rate: {low: 0, high: 0.1, scale: linear}",
        "tuning.learning_rate.low: expected a finite number above 0, got 0",
    ),
    ("  learning_rate: {low: a, high: 0.1}", "tuning.learning_rate.low: expected a finite number, got the text 'a'"),
    ("  learning_rate: 0.1", "11:18 tuning.learning_rate: expected a list, got 0.1"),
    ("  learning_rate: []", "11:18 tuning.learning_rate: expected at least 1 of them, got []"),
    (
        "  learning_rate: {low: 0.1, high: 1, also: [0.5, .inf]}",
        "tuning.learning_rate.also[1]: expected a finite number above 0, got inf",
    ),
    ("  learning_rate: {low: 0.1, high: 1}", "11:3 tuning: expected `budget`: how many settings are tried for each"),
    ("  budget: 0\n  learning_rate: [0.1]", "11:11 tuning.budget: expected more than 0, got 0"),
    (
        "  budget: 3\n  learning_rate: [0.1, 0.2]",
        "11:11 tuning.budget: expected at most 2, the settings that 'plain' has to choose from",
    ),
    ("  learning_rate: [0.1]\n  space: {clip: [1]}", "tuning.space.clip: expected component.setting, got 'clip'"),
    (
        "  learning_rate: [0.1]\n  space: {clip_global_norm.treshold: [1]}",
        "12:11 tuning.space.clip_global_norm.treshold: clip_global_norm has no setting 'treshold'; did you mean "
        "'threshold'?",
    ),
    (
        "  learning_rate: [0.1]\n  space: {clip_globl_norm.threshold: [1]}",
        "expected component.setting, got 'clip_globl_norm.threshold'; did you mean 'clip_global_norm.threshold'?",
    ),
    (
        "  learning_rate: [0.1]\n  space: {lstm.forget_bias: [1.0]}",
        "12:11 tuning.space.lstm.forget_bias: no method that is tuned has lstm",
    ),
    ("  learning_rate: [0.1]\n  space: {learning_rate: [1]}", "is tuned by `tuning.learning_rate`, not in the space"),
    (
        "  learning_rate: [0.1]\n  space: {clip_global_norm.threshold: [1, high]}",
        "12:43 tuning.space.clip_global_norm.threshold[1]: expected a number, got the text 'high'",
    ),
    (
        "  learning_rate: [0.1]\n  space: {skip_in_time.steps: {low: 1.5, high: 3}}",
        "tuning.space.skip_in_time.steps.low: expected a whole number or a list, got 1.5",
    ),
    (
        "  learning_rate: [0.1]\n  space: {clip_global_norm.threshold: {low: 1, high: 2, also: [3, 3]}}",
        "tuning.space.clip_global_norm.threshold.also: expected values that differ from each other, got [3, 3]",
    ),
    (
        "  budget: 2\n  learning_rate: {low: 0.1, high: 1}\n" + SPACE,
        "11:11 tuning.budget: 2 settings are too few: 'clip' would never try clip_global_norm.threshold inf; 4 are en",
    ),
    (
        "  learning_rate: [0.1, 0.2]\n  space: {clip_global_norm.threshold: [1, 2, 3]}",
        "tuning.space.clip_global_norm.threshold: 2 settings are too few: 'clip' would never try",
    ),
    (
        "  budget: 40\n  learning_rate: {low: 0.1, high: 0.11}",
        "12:18 tuning.learning_rate: expected a range with 40 values of three digits",
    ),
    (
        "  budget: 4\n  learning_rate: {low: 0.1, high: 1}\n  space: {clip_global_norm.threshold: [-1, 1]}",
        "tuning.space.clip_global_norm.threshold[0]: expected more than 0, got -1",
    ),
    (
        "  budget: 4\n  learning_rate: {low: 0.1, high: 1}\n  space: {skip_in_time.steps: [1, 2]}",
        "with some of the values only, so not every method would get 4 settings: ",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_an_error_says_where_and_what(error_of, text: str, message: str) -> None:
    assert message in error_of(TUNING + text)


ONE = (
    HEAD + "methods:\n"
    "  - {name: t, cell: vanilla, mitigations: [{truncated_backpropagation: {window: 5}}, clip_value]}\n"
    "tuning:\n"
)


def test_a_whole_number_beside_a_range_that_holds_it_counts_once(error_of) -> None:
    window = "  learning_rate: [0.1]\n  space: {truncated_backpropagation.window: {low: 10, high: 12, also: [11, 20]}}"
    assert "tuning.budget: expected at most 4" in error_of(ONE + "  budget: 5\n" + window)


def test_the_range_that_is_too_narrow_is_the_one_that_is_named(error_of) -> None:
    space = "{truncated_backpropagation.window: [5], clip_value.threshold: {low: 1, high: 1.02}}"
    told = error_of(f"{ONE}  budget: 40\n  learning_rate: [0.1]\n  space: {space}")
    assert "tuning.space.clip_value.threshold: expected a range with 40 values of three digits" in told


def test_a_budget_that_is_enough_is_found_by_few_samples(error_of, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counted(axes: Sequence[Axis], budget: int) -> list[tuple[Any, ...]] | None:
        sizes.append(budget)
        return sampled_settings(axes, budget)

    monkeypatch.setattr(tuning, "sampled_settings", counted)
    many = ", ".join(map(str, range(1, 101)))
    space = f"{{clip_value.threshold: [{many}]}}"
    told = error_of(f"{ONE}  budget: 40\n  learning_rate: {{low: 0.1, high: 1}}\n  space: {space}")
    assert "40 settings are too few: 't' would never try clip_value.threshold 2.0; 100 are enough" in told
    assert len(sizes) < 15


def test_methods_that_tuning_makes_one_are_refused(error_of) -> None:
    text = HEAD + "factors: {rate: {slow: {training: {learning_rate: 0.1}}, fast: {training: {learning_rate: 0.2}}}}\n"
    assert "the methods 'slow' and 'fast' differ only in what is tuned (learning_rate)" in error_of(
        text + "tuning: {learning_rate: [0.1, 0.2]}"
    )
    text = HEAD + "methods: [{name: a, tuned: false}]\ntuning: {learning_rate: [0.1]}"
    assert "expected a method that is tuned; all say `tuned: false`" in error_of(text)


def test_a_width_that_is_matched_is_not_tuned(error_of) -> None:
    text = HEAD + "match_parameters: 100\ntuning: {learning_rate: [0.1], space: {stacked.width: [4]}}"
    assert "match_parameters chooses the width" in error_of(text)
