"""What tuning tries: equally many settings for every method, the same points for what methods share."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from seqbench.components.assemble import assemble
from seqbench.grid.spec import Range
from seqbench.plan.axis import Axis
from seqbench.plan.expand import expand_methods
from seqbench.plan.plan import plan
from seqbench.plan.tuning import sampled_settings, search, sobol
from tests.plan.tuned_grids import HEAD, METHODS, SPACE

RANGES = HEAD + METHODS + "tuning:\n  seeds: 2\n  budget: 8\n  learning_rate: {low: 1.0e-4, high: 1.0e-2}\n" + SPACE


def tried(grid) -> dict[str, list[tuple]]:
    """Learning rate and knobs of each setting, by method."""
    found = search(grid, expand_methods(grid)).candidates
    return {name: [(own.method.learning_rate, *own.knobs.values()) for own in mine] for name, mine in found.items()}


def test_every_method_gets_the_same_number_of_different_settings(read) -> None:
    found = tried(read(RANGES))
    assert {name: len(set(settings)) for name, settings in found.items()} == {"plain": 8, "clip": 8, "skip": 8}
    assert [len(settings[0]) for settings in found.values()] == [1, 2, 3]


def test_methods_share_the_points_of_what_they_share(read) -> None:
    found = tried(read(RANGES))
    assert [setting[:1] for setting in found["clip"]] == found["plain"]
    assert [setting[:2] for setting in found["skip"]] == found["clip"]


def test_rates_do_not_move_when_a_knob_is_added_or_more_are_tried(read) -> None:
    alone = tried(read(RANGES.replace(SPACE, "")))
    assert alone["plain"] == tried(read(RANGES))["plain"]
    assert set(alone["plain"]) < set(tried(read(RANGES.replace("budget: 8", "budget: 16")))["plain"])


def test_points_are_spread_evenly(read) -> None:
    settings = tried(read(RANGES))["skip"]
    # eight points: one in each eighth of the two decades, two in each quarter of which the first is `also`
    assert sorted(int(4 * (math.log10(rate) + 4)) for rate, _, _ in settings) == list(range(8))
    thresholds = [threshold for _, threshold, _ in settings]
    assert thresholds.count(math.inf) == 2
    inside = sorted(3 * (math.log10(threshold) + 1) / 2 for threshold in thresholds if threshold < math.inf)
    assert [int(place) for place in inside] == [0, 0, 1, 1, 2, 2]
    assert {distance for _, _, distance in settings} == {2, 3, 4}


def test_points_are_the_same_everywhere() -> None:
    # Trials are known by these numbers: if a library draws others, every tuned grid runs again.
    assert sobol(4)[:, 0].round(6).tolist() == GOLDEN
    assert sobol(3).shape == (4, 16)
    assert (sobol(8)[:4] == sobol(4)).all()


GOLDEN = [0.914608, 0.3553, 0.235662, 0.548874]


def test_numbers_from_a_range_have_three_digits_and_keep_its_ends() -> None:
    axis = Axis("x", (), 0, Range(low=0.0123456, high=1))
    assert axis.at(0.0) == 0.0123456  # 0.0123 would lie outside
    assert axis.at(0.5) == 0.111  # sqrt(0.0123456 * 1) = 0.11111
    assert Axis("x", (), 0, Range(low=-1.0, high=1.0, scale="linear")).at(0.75) == 0.5
    whole = Axis("x", (), 0, Range(low=1, high=3, scale="linear"), whole=True)
    assert [whole.at(point) for point in (0.0, 0.34, 0.67, 0.999)] == [1, 2, 3, 3]
    # on a logarithmic scale of [1, 4): 4^0.5 = 2, 4^0.79 = 2.99, 4^0.8 = 3.03
    whole = Axis("x", (), 0, Range(low=1, high=3), whole=True)
    assert [whole.at(point) for point in (0.49, 0.5, 0.79, 0.8)] == [1, 2, 2, 3]


def test_the_values_beside_a_range_share_a_quarter() -> None:
    axis = Axis("x", (), 0, Range(low=1.0, high=10.0, also=[0.0, math.inf]))
    assert [axis.at(point) for point in (0.1, 0.2, 0.25, 0.625)] == [0.0, math.inf, 1.0, 3.16]
    assert (axis.size, Axis("x", (), 0, Range(low=2, high=4, also=[0]), whole=True).size) == (math.inf, 4)


def test_a_list_is_tried_evenly() -> None:
    axis = Axis("x", (), 0, ["a", "b", "c"])
    # ranks 3 0 4 1 2 of five points; 3 * rank // 5
    assert axis.spread(pd.Series([0.7, 0.1, 0.9, 0.2, 0.3]).to_numpy()) == ["b", "a", "c", "a", "b"]


def test_a_list_of_rates_without_more_is_tried_as_it_stands(read) -> None:
    grid = read(HEAD + METHODS + "tuning: {seeds: 2, learning_rate: [0.1, 0.001, 0.01]}")
    assert tried(grid) == {name: [(0.001,), (0.01,), (0.1,)] for name in ("plain", "clip", "skip")}
    made = plan(grid)
    assert (made.budget, len(made.trials)) == (3, 3 * 2 * 3 * 2)
    assert {trial.learning_rate for trial in made.trials} == {0.1, 0.001, 0.01}
    fixed = plan(read(HEAD + METHODS + "training: {learning_rate: 0.01}\n").model_copy(update={"seeds": (0, 1)}))
    assert {trial.id for trial in fixed.trials} == {t.id for t in made.trials if t.learning_rate == 0.01}


def test_knobs_beside_a_list_of_rates_are_inside_its_number(read) -> None:
    text = HEAD + METHODS + "tuning:\n  learning_rate: [0.1, 0.001, 0.01, 0.3]\n" + SPACE
    found = tried(read(text))
    assert {name: len(set(settings)) for name, settings in found.items()} == {"plain": 4, "clip": 4, "skip": 4}
    assert [rate for rate, *_ in found["skip"]] == [0.001, 0.01, 0.1, 0.3]


def test_all_combinations_of_lists_where_all_methods_have_equally_many(read) -> None:
    text = HEAD + METHODS.replace("  - {name: plain, cell: vanilla}\n", "")
    text += "tuning: {learning_rate: [0.1, 0.2], space: {clip_global_norm.threshold: [1, 5, .inf]}}"
    assert tried(read(text))["clip"] == [(rate, top) for rate in (0.1, 0.2) for top in (1.0, 5.0, math.inf)]


@pytest.mark.parametrize("budget", [5, 6, 7, 11])
def test_a_sample_of_lists_holds_no_setting_twice(budget: int) -> None:
    axes = [Axis("r", (), 0, [0.1, 0.2]), Axis("a", (), 1, [1, 2, 3]), Axis("b", (), 2, ["x", "y"])]
    settings = sampled_settings(axes, budget)
    assert settings is not None
    assert len(set(settings)) == budget
    assert abs(sum(rate == 0.1 for rate, *_ in settings) - budget / 2) <= 0.5


def test_a_text_may_be_tuned_and_a_method_without_the_component_is_left_alone(read) -> None:
    text = HEAD + "methods: [{name: a, cell: vanilla}, {name: b, cell: gru}]\n"
    text += "tuning: {learning_rate: [0.1, 0.2], budget: 2, space: {vanilla.activation: [relu, tanh]}}"
    found = search(read(text), expand_methods(read(text))).candidates
    assert sorted(own.method.cell.settings["activation"] for own in found["a"]) == ["relu", "tanh"]
    assert [own.knobs for own in found["b"]] == [{}, {}]


def test_thresholds_are_in_the_identity_and_make_no_groups(read) -> None:
    text = RANGES.replace("    skip_in_time.steps: {low: 2, high: 4}\n", "")
    made = plan(read(text))
    assert (made.budget, len(made.trials), len(made.groups)) == (8, 3 * 2 * 8 * 2, 2)
    assert len({trial.id for trial in made.trials}) == len(made.trials)
    trial = next(trial for trial in made.trials if trial.method == "clip" and trial.knobs[KNOB] < 1)
    assert trial.settings["mitigations"] == [{"name": "clip_global_norm", "settings": {"threshold": trial.knobs[KNOB]}}]
    [link] = assemble(trial.settings).chain.compiled.links
    assert link.arrays == {"threshold": trial.knobs[KNOB]}


def test_a_distance_makes_groups_of_its_own(read) -> None:
    made = plan(read(RANGES))
    assert {trial.knobs["skip_in_time.steps"] for trial in made.trials if trial.method == "skip"} == {2, 3, 4}
    assert len(made.groups) == 1 + 3  # those of the plain network, which clipping shares, and of each distance


KNOB = "clip_global_norm.threshold"


def finished(trials, *, best) -> pd.DataFrame:
    """Results in which the trials that `best` names are solved."""
    return pd.DataFrame(
        {
            "trial": [trial.id for trial in trials],
            "outcome": "partial",
            "solved_at": [100.0 if best(trial) else None for trial in trials],
            "validation_loss": 0.5,
            "budget": 3000.0,
        }
    )


def test_the_chosen_knob_is_what_the_reporting_trials_have(read) -> None:
    grid = read(RANGES)
    first = plan(grid)
    high = max(trial.learning_rate for trial in first.trials)
    made = plan(grid, finished(first.trials, best=lambda trial: trial.learning_rate == high))
    chosen = {choice.method: choice for choice in made.choices}
    assert {choice.learning_rate for choice in made.choices} == {high}
    assert chosen["plain"].knobs == {}
    assert chosen["clip"].knobs[KNOB] == chosen["skip"].knobs[KNOB]
    reported = [trial for trial in made.trials if trial.purpose == "reporting"]
    assert (len(reported), made.waiting) == (3 * 2 * 2, 0)
    assert all(trial.knobs == chosen[trial.method].knobs for trial in reported)
    assert {trial.seed for trial in reported} == {1000, 1001}
    assert [group.key for group in made.groups] == [group.key for group in first.groups]


def test_a_method_that_is_not_tuned_reports_at_once_with_what_the_grid_gives_it(read) -> None:
    text = HEAD + "methods: [{name: a, cell: gru}, {name: b, cell: gru, tuned: false}]\n"
    text += "training: {learning_rate: 0.1}\ntuning: {seeds: 1, learning_rate: [0.1, 0.2]}"
    made = plan(read(text))
    untuned = [trial for trial in made.trials if trial.method == "b"]
    assert {(trial.purpose, trial.learning_rate) for trial in untuned} == {("reporting", 0.1)}
    assert (len(untuned), made.waiting, len(made.groups)) == (2 * 2, 2 * 2, 1)
    # even where tuning chooses just what the other one has, they are two rows
    both = plan(read(text), finished(made.trials, best=lambda trial: trial.learning_rate == 0.1))
    assert [(choice.method, choice.learning_rate) for choice in both.choices] == [("a", 0.1)]
    assert len({trial.id for trial in both.trials}) == len(both.trials) == 2 * 2 + 2 * 2 + 2 * 2


def test_the_example_of_the_guide_is_what_it_says(read) -> None:
    readme = (Path(__file__).parents[2] / "experiments" / "README.md").read_text()
    [tuning] = [block for block in readme.split("```")[1::2] if block.startswith("yaml\ntuning:")]
    found = tried(read(HEAD + METHODS + tuning.removeprefix("yaml\n")))
    assert {name: len(set(settings)) for name, settings in found.items()} == {"plain": 12, "clip": 12, "skip": 12}
    assert sum(threshold == math.inf for _, threshold in found["clip"]) == 3
