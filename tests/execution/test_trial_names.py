"""Trials by the beginning of their names."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from seqbench.errors import UsageError
from seqbench.execution.run import run_grid
from seqbench.execution.trial_names import full_name
from seqbench.plan.plan import plan
from tests.execution.test_replanning import GRID, SimulatedWorkers

LISTED = GRID.split("tuning:")[0].replace("{from: 5, to: 80, precision: 1.3, checked: 0.5}", "[5]")
KNOWN = ["aa01", "aa02", "ab", "abc"]


@pytest.mark.parametrize(("typed", "meant"), [("aa01", "aa01"), ("aa02", "aa02"), ("ab", "ab"), ("abc", "abc")])
def test_a_unique_beginning_or_a_whole_name_is_enough(typed, meant):
    assert full_name(typed, KNOWN, of="grid") == meant


@pytest.mark.parametrize(("typed", "said"), [("a", "aa01, aa02, ab, abc"), ("b", "grid has no trial 'b'"), ("", "''")])
def test_what_is_none_or_several_is_refused_with_what_it_may_be(typed, said):
    with pytest.raises(UsageError, match=said):
        full_name(typed, KNOWN, of="grid")


def test_a_single_trial_is_trained_by_the_beginning_of_its_name(read, tmp_path):
    grid, trained, said = read(LISTED), [], []
    one = plan(grid).trials[1].id
    train = partial(run_grid, grid, tmp_path, workers=1, place=SimulatedWorkers())
    train(only={one[:6]}, found=lambda plan, found: said.append(found.only),
          observe=lambda trial, event: trained.append(trial.id))  # fmt: skip
    assert (trained, set(said)) == ([one], {frozenset({one})})
    with pytest.raises(UsageError, match="has no trial 'x'"):
        train(only={"x"})


def test_a_beginning_that_several_trials_share_trains_none(read, tmp_path):
    grid = read(LISTED.replace("seeds: 2", "seeds: 17"))
    firsts = Counter(trial.id[0] for trial in plan(grid).trials)  # 16 hexadecimal digits
    with pytest.raises(UsageError, match="add a letter or two"):
        run_grid(grid, tmp_path, workers=1, place=SimulatedWorkers(), only={firsts.most_common(1)[0][0]})
