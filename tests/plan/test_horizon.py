"""A search is a plan that goes on from what is finished: simulated learners with known horizons, no training."""

import math
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqbench.errors import GridError
from seqbench.plan.feasibility import reasons_in_words
from seqbench.plan.horizon import still_to_come
from seqbench.plan.plan import plan
from seqbench.plan.search import check_lengths, doublings, length_grid, next_lengths
from tests.searches import worst_case

HEAD = """
question: How far back?
tasks: [delayed_recall]
seeds: 2
probes: none
model: {stacked: {width: 8}}
"""
SEARCH = (
    HEAD + "lengths: {from: 5, to: 200, precision: 1.2, checked: CHECKED}\nmethods: [{name: a}, {name: b, cell: gru}]\n"
)
GRID = length_grid(5, 200, 1.2)


def grid_text(checked=0):
    return SEARCH.replace("CHECKED", str(checked))


def results_of(trials, solves):
    """What trials leave if `solves(trial)` says which of them solve their task."""
    rows = [
        {
            "trial": trial.id,
            "task": trial.task_label,
            "length": trial.length,
            "outcome": "solved" if solves(trial) else "chance",
            "solved_at": 100.0 if solves(trial) else math.nan,
            "validation_loss": 0.5,
            "budget": 3000.0,
        }
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["trial", "task", "length", "outcome", "solved_at", "validation_loss", "budget"])


def play(grid, solves, *, most=40, before=()):
    """Plan and finish in turn until nothing is asked for; the last plan and how many trials each round added.

    before: trials that had finished when the first plan is made
    """
    current, added = plan(grid, results_of(before, solves)), []
    finished = {trial.id for trial in before}
    for _ in range(most):
        new = [trial for trial in current.trials if trial.id not in finished]
        if not new:
            return current, added
        added.append(len(new))
        finished |= {trial.id for trial in new}
        current = plan(grid, results_of({trial.id: trial for trial in (*before, *current.trials)}.values(), solves))
    raise AssertionError("the search does not end")


def test_every_search_closes_its_bracket_to_neighbours_on_the_shared_grid(read):
    horizons = {("a", 1000): 4, ("a", 1001): 37, ("b", 1000): 150, ("b", 1001): 500}
    current, _ = play(read(grid_text()), lambda trial: trial.length <= horizons[trial.method, trial.seed])
    assert all(search.ended for search in current.searches)
    for search in current.searches:
        horizon = horizons[search.method, search.seed]
        assert search.bracket.solved == max((length for length in GRID if length <= horizon), default=0)
        assert search.bracket.failed == min((length for length in GRID if length > horizon), default=math.inf)
    assert {trial.length for trial in current.trials} <= set(GRID)


def test_a_search_trains_no_more_than_its_worst_case_and_says_so_before(read):
    first = plan(read(grid_text()))
    current, _ = play(read(grid_text()), lambda trial: trial.length <= 80)
    assert len(current.trials) <= 4 * worst_case(GRID)
    assert len(current.trials) <= len(first.trials) + first.to_come.most_trials
    assert 0 < first.to_come.trials < first.to_come.most_trials
    assert current.to_come.most_trials == 0


@settings(max_examples=50, deadline=None)
@given(answers=st.lists(st.booleans(), min_size=len(GRID), max_size=len(GRID)))
def test_what_is_to_come_at_most_is_enough_at_every_moment_whatever_the_results(answers):
    solves, seconds = dict(zip(GRID, answers, strict=True)), {length: float(length) for length in GRID}
    solved, states = {}, []
    while wanted := next_lengths(GRID, solved) or check_lengths(GRID, solved, "key"):
        coming = still_to_come(GRID, solved, wanted, seconds, checked=True)
        assert coming.trials <= coming.most_trials
        states.append((len(solved) + len(wanted) + coming.most_trials, sum([*solved, *wanted]) + coming.most_seconds))
        solved |= {length: solves[length] for length in wanted}
    for most_trials, most_seconds in states:
        assert len(solved) <= most_trials
        assert sum(solved) <= most_seconds


@pytest.mark.parametrize("horizon", [0, 5, 12, 80, 199, 1000])
@pytest.mark.parametrize("tuning", ["", "tuning: {seeds: 1, learning_rate: [1.0e-4, 1.0e-3]}\n"])
def test_checks_and_tuning_stay_within_the_bounds_that_the_first_plan_states(read, horizon, tuning):
    text = grid_text(checked=0.5) + tuning
    first = plan(read(text))
    current, added = play(read(text), lambda trial: trial.length <= horizon)
    assert sum(added) == len(current.trials) <= len(first.trials) + first.to_come.most_trials
    spent = sum(trial.configuration.seconds for trial in current.trials)
    begun = sum(trial.configuration.seconds for trial in first.trials)
    assert spent <= (begun + first.to_come.most_seconds) * (1 + 1e-9)
    estimate = first.estimate(1)
    assert estimate.seconds < estimate.most_seconds
    assert first.describe()["estimate"]["most_seconds"] == pytest.approx(first.estimate(1).most_seconds)


def test_checks_of_monotony_train_a_length_inside_and_one_beyond_and_a_violation_is_counted(read):
    grid = read(grid_text(checked=1))
    plain, _ = play(read(grid_text()), lambda trial: trial.length <= 60)
    checked, _ = play(grid, lambda trial: trial.length <= 60)
    assert len(checked.trials) == len(plain.trials) + 2 * 4
    extra = {trial.id for trial in checked.trials} - {trial.id for trial in plain.trials}
    twisted, _ = play(grid, lambda trial: (trial.length <= 60) != (trial.id in extra))
    assert all(search.bracket.violations for search in twisted.searches)
    assert [search.bracket[:2] for search in twisted.searches] == [search.bracket[:2] for search in plain.searches]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (", to: 200, precision: 1.2", ", to: 2000, precision: 1.2"),
        ("from: 10, to: 200, precision: 1.2", "from: 5, to: 200, precision: 1.2"),
        ("precision: 1.5", "precision: 1.1"),
        ("precision: 1.2", "precision: 1.1"),
    ],
)
@pytest.mark.parametrize("tuning", ["", "tuning: {seeds: 1, learning_rate: [1.0e-4, 1.0e-3]}\n"])
def test_another_range_or_precision_keeps_every_trial_and_trains_what_it_adds(read, old, new, tuning):
    horizons = {"a": 37, "b": 150}

    def text(part):
        given = dict(pair.split(": ") for pair in part.strip(", ").split(", "))
        lengths = {"from": 5, "to": 200, "precision": 1.2} | given
        return HEAD + f"lengths: {lengths}\nmethods: [{{name: a}}, {{name: b, cell: gru}}]\n".replace("'", "") + tuning

    def solves(trial):
        return trial.length <= horizons[trial.method]

    first, _ = play(read(text(old)), solves)
    again, added = play(read(text(new)), solves, before=first.trials)
    fresh, _ = play(read(text(new)), solves)
    assert {trial.id for trial in first.trials} <= {trial.id for trial in again.trials}
    assert sum(added) < len(fresh.trials) - len(first.trials) / 2
    ends = {(search.method, search.seed): search.bracket for search in fresh.searches if search.purpose == "reporting"}
    for search in again.searches:
        if search.purpose == "reporting":
            asked = ends[search.method, search.seed]
            assert (
                asked.solved <= search.bracket.solved <= horizons[search.method] < search.bracket.failed <= asked.failed
            )


def test_tuning_searches_the_doublings_and_takes_the_rate_that_remembers_furthest(read):
    text = grid_text() + "tuning: {seeds: 2, learning_rate: [1.0e-4, 1.0e-3]}\n"
    current, _ = play(read(text), lambda trial: trial.length <= (100 if trial.learning_rate == 1e-4 else 30))
    assert {choice.learning_rate for choice in current.choices} == {1e-4}
    tuning = {trial.length for trial in current.trials if trial.purpose == "tuning"}
    assert tuning <= {GRID[place] for place in doublings(GRID)}
    assert plan(read(text)).to_come.most_trials > 4 * worst_case(GRID)  # what waits for tuning is counted


def test_listed_lengths_are_no_search(read):
    current = plan(read(HEAD + "lengths: [5, 10]\nmethods: [{name: a}]\n"))
    assert current.searches == ()
    assert current.to_come.most_trials == 0


def test_a_task_of_bounded_length_is_searched_within_its_bound(read):
    """Numbers written as words are 29 letters long at most: longer ones are the same sequences under another name."""
    text = "question: q\ntasks: [number_words]\nlengths: {from: 10, to: 500}\nseeds: 1\nprobes: none\n"
    current, _ = play(read(text + "model: {encoder_decoder: {width: 8}}\n"), lambda trial: True)
    assert max(trial.length for trial in current.trials) == min(
        length for length in length_grid(10, 500, 1.1) if length >= 29
    )


def test_lengths_below_a_tasks_bound_are_left_out_in_one_line(read):
    text = "question: q\ntasks: [sequential_digits]\nlengths: {from: 10, to: 100}\nseeds: 1\nprobes: none\n"
    current = plan(read(text + "model: {stacked: {width: 8}}\nmethods: [{name: a}]\n"))
    below = [length for length in length_grid(10, 100, 1.1) if length < 64]
    assert len(current.incompatible) == len(below)
    [line] = reasons_in_words(current.incompatible)
    assert line.startswith(f"a on sequential_digits at {len(below)} lengths from 10 to {below[-1]}: ")
    assert line.endswith(f"its length must be at least that, not {below[-1]}.")
    assert reasons_in_words(current.incompatible[:1])[0].startswith("a on sequential_digits: ")


def test_a_range_beyond_this_machines_memory_is_refused_with_method_length_and_size(read):
    text = (
        grid_text()
        .replace("to: 200", "to: 20000000")
        .replace("precision: 1.2", "precision: 2")
        .replace("width: 8", "width: 512")
    )
    refusal = (
        r"lengths.to: a on delayed_recall at length 20,000,000 needs about .* GiB a worker.*: up to ([0-9,]+) fits"
    )
    with pytest.raises(GridError, match=refusal) as caught:
        plan(read(text))
    fits = re.search(refusal, str(caught.value))[1].replace(",", "")
    assert 10_000 < int(fits) < 20_000_000
    plan(read(text.replace("to: 20000000", f"to: {fits}")))


@pytest.mark.parametrize("primary", ["solve_rate", "accuracy", "steps_to_solve"])
def test_a_search_compares_horizons_and_nothing_that_needs_every_seed_at_every_length(error_of, primary):
    said = error_of(f"{grid_text()}primary: {primary}\n")
    assert f"primary: expected 'horizon', got '{primary}': a search trains each seed at lengths of its own" in said


@pytest.mark.parametrize(
    ("lengths", "problem"),
    [
        ("{from: 10, to: 5}", "lengths.to: expected more than `from`, which is 10, got 5; a length alone is a list"),
        ("{from: 5, to: 5}", "lengths.to: expected more than `from`, which is 5, got 5"),
        ("{from: 10}", "lengths.to: expected a value"),
        ("{from: 10, to: 50, precision: 1.0}", "lengths.precision: expected"),
        ("{from: 10, too: 50}", "did you mean 'to'"),
    ],
)
def test_what_is_wrong_with_a_range_is_said_with_its_place(error_of, lengths, problem):
    assert problem in error_of(HEAD + f"lengths: {lengths}\n")
