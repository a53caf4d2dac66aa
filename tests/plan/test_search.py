"""The search rule: worked by hand, against its bounds for any results, and whatever the order of arrival."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqbench.errors import UsageError
from seqbench.plan.search import (
    Bracket,
    Path,
    check_lengths,
    checked_seeds,
    doublings,
    find_bounds,
    find_bracket,
    follow,
    length_grid,
    next_lengths,
)
from tests.searches import expected, path_to, worst_case

GRID = length_grid(10, 2000, 1.1)


def search(lengths, solves, known=()):
    """Run a search to its end: `solves(length) -> bool`. Returns the results of all trials that it trained."""
    solved = dict(known)
    while asked := next_lengths(lengths, solved):
        for length in asked:
            assert length not in solved, "a trial that has finished is asked for again"
            solved[length] = solves(length)
    return solved


def test_the_grid_by_hand():
    # 10 * 1.5**k: 10, 15, 22.5, 33.75, 50.625, 75.9; the end is a length of its own
    assert length_grid(10, 60, 1.5) == (10, 15, 22, 34, 51, 60)
    assert length_grid(1, 5, 1.1) == (1, 2, 3, 4, 5), "rounding merges lengths, none stands there twice"
    assert length_grid(10, 10, 1.1) == (10,)
    assert length_grid(10, 80, 2) == (10, 20, 40, 80), "rounding of logarithms loses no last length"


def test_lengths_do_not_depend_on_the_end():
    assert set(length_grid(10, 500, 1.1)[:-1]) < set(GRID)


@pytest.mark.parametrize(("first", "last", "precision"), [(20, 10, 1.1), (0, 10, 1.1), (10, 20, 1.0), (5, 9, math.nan)])
def test_impossible_ranges_are_refused(first, last, precision):
    with pytest.raises(UsageError):
        length_grid(first, last, precision)


def test_a_search_by_hand():
    lengths = (10, 15, 22, 34, 51, 60)
    assert [lengths[place] for place in doublings(lengths)] == [10, 15, 22, 34, 60]
    assert list(search(lengths, lambda length: length <= 30)) == [10, 15, 22, 34, 60]
    # 10, 19, 38 solved, 74 and 144 not: between 38 and 74 stand 42 to 67; the middle first.
    assert path_to(GRID, 50) == (10, 19, 38, 74, 144, 51, 42, 46)
    assert find_bracket(search(GRID, lambda length: length <= 50)) == Bracket(46, 51, 0)


def test_a_failure_below_a_doubling_that_is_solved_does_not_end_the_search():
    assert next_lengths(GRID, {10: True, 19: True, 38: False}) == (74,)
    solved = search(GRID, lambda length: length <= 300 and length != 38)
    assert list(solved) == [10, 19, 38, 74, 144, 281, 548, 1067, 374, 309]
    assert find_bracket(solved).violations == 1
    # The last doubling has no next one: its failure stands.
    assert list(search((10, 20, 40), (10, 20).__contains__)) == [10, 20, 40]
    assert list(search((10, 20, 40), (10, 40).__contains__)) == [10, 20, 40]
    assert list(search((10, 20, 40), (20,).__contains__)) == [10, 20, 40]
    assert list(search((10, 20, 40, 80), (40,).__contains__)) == [10, 20]


def test_a_failure_in_doubt_decides_no_longer_length_and_a_success_above_it_no_shorter_one():
    # 74 failed and 144 was solved: 281 is not decided by that failure.
    assert follow(GRID, {10: True, 19: True, 38: True, 74: False, 144: True}).missing == 281
    # 38 and 74 failed, 303 was solved in another search: 26 is asked for, although a longer length was solved.
    assert follow(GRID, {10: True, 19: True, 38: False, 74: False, 303: True}).missing == 26
    # 60, of another search, failed: 74 need not be trained, and 144 confirms it, or asks for 74 after all.
    assert follow(GRID, {38: True, 60: False}) == Path((10, 19, 38, 74), 144, 14, 21, doubted=True)
    assert follow(GRID, {38: True, 60: False, 144: False}).missing == 51
    assert follow(GRID, {38: True, 60: False, 144: True}).missing == 74


def test_the_ends_are_censored():
    assert search(GRID, lambda _: False) == {10: False, 19: False}
    assert find_bracket({10: False}) == Bracket(0, 10, 0)
    everything = search(GRID, lambda _: True)
    assert find_bracket(everything) == Bracket(2000, math.inf, 0)
    assert len(everything) == len(doublings(GRID))


@pytest.mark.parametrize("horizon", [0, *GRID])
def test_a_bracket_closes_to_neighbours_of_the_grid(horizon):
    solved = search(GRID, lambda length: length <= horizon)
    found = find_bracket(solved)
    between = [length for length in GRID if found.solved < length < found.failed]
    assert (between, found.violations) == ([], 0)
    assert found.solved == horizon
    assert tuple(solved) == path_to(GRID, horizon)


def test_worst_case_and_mean_by_hand():
    # 1 2 4 8, ratio 2: no bisection. Horizon 0: 2 trials, 1: 3, 2: 4, 4: 4, 8: 4.
    lengths = (1, 2, 4, 8)
    assert (worst_case(lengths), expected(lengths)) == (4, 17 / 5)
    # 4 5 6 7 8: 4, 8, then 6, then 5 or 7. Horizon 0: 2 trials; 4 to 7: 4; 8: 2.
    assert (worst_case((4, 5, 6, 7, 8)), expected((4, 5, 6, 7, 8))) == (4, 20 / 6)
    places = doublings(GRID)
    most = max(
        min(tried + 2, len(places)) + math.ceil(math.log2(after - before))
        for tried, (before, after) in enumerate(itertools.pairwise(places), start=1)
    )
    assert worst_case(GRID) == most == 12


@settings(max_examples=200, deadline=None)
@given(answers=st.lists(st.booleans(), min_size=len(GRID), max_size=len(GRID)))
def test_no_results_whatever_need_more_trials_than_the_worst_case(answers):
    solved = search(GRID, dict(zip(GRID, answers, strict=True)).__getitem__)
    assert len(solved) <= worst_case(GRID)
    path = follow(GRID, solved)
    assert find_bracket(solved)[:2] == (
        GRID[path.low] if path.low >= 0 else 0,
        GRID[path.high] if path.high < len(GRID) else math.inf,
    ), "the search closes the bracket that contradicts the fewest of its results"
    assert path.low == -1 or path.high == path.low + 1


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), horizon=st.sampled_from([0, *GRID]))
def test_order_of_arrival_does_not_matter(seed, horizon):
    results = list(search(GRID, lambda length: length <= horizon).items())
    shuffled = random.Random(seed).sample(results, len(results))
    assert follow(GRID, dict(shuffled)) == follow(GRID, dict(results))
    assert find_bracket(dict(shuffled)) == find_bracket(dict(results))
    assert find_bounds(dict(shuffled)) == find_bounds(dict(results))
    assert check_lengths(GRID, dict(shuffled), "g", seed) == check_lengths(GRID, dict(results), "g", seed)


@pytest.mark.parametrize("horizon", [0, 30, 200, 1500, 2000])
def test_a_finer_or_longer_search_reuses_every_trial(horizon):
    def solves(length):
        return length <= horizon

    coarse = search(length_grid(10, 1000, 1.5), solves)
    fine = search(GRID, solves, known=coarse)
    assert set(coarse) <= set(fine)
    assert len(fine) - len(coarse) < len(search(GRID, solves))
    found = find_bracket(fine)
    assert found.solved <= max(horizon, 0) < found.failed
    assert [length for length in GRID if found.solved < length < found.failed] == []


@pytest.mark.parametrize(
    ("results", "bracket", "bounds"),
    [
        ({}, Bracket(0, math.inf, 0), (0, math.inf)),
        ({10: True, 20: False}, Bracket(10, 20, 0), (10, 20)),
        ({10: True, 20: False, 40: True, 80: True, 160: False}, Bracket(80, 160, 1), (10, 160)),
        ({10: True, 20: True, 40: False, 80: False, 160: True}, Bracket(20, 40, 1), (20, math.inf)),
        ({10: True, 20: False, 40: True, 80: False}, Bracket(40, 80, 1), (10, 80)),  # 20 is doubted before 40
        ({10: False, 20: True, 40: True}, Bracket(40, math.inf, 1), (0, math.inf)),
        ({10: False, 20: False, 40: True}, Bracket(0, 10, 1), (0, math.inf)),
        ({10: False, 20: True, 40: False, 80: True, 160: False}, Bracket(80, 160, 2), (0, 160)),
    ],
)
def test_a_bracket_contradicts_the_fewest_results_and_the_bounds_hold_them_all(results, bracket, bounds):
    assert find_bracket(results) == bracket
    assert find_bounds(results) == bounds


def test_checks_lie_within_an_octave_beyond_their_margin():
    for seed in range(50):
        solved = search(GRID, lambda length: length <= 200)
        inside, beyond = check_lengths(GRID, solved, "grid", "gru", "recall", seed)
        assert 192 / (2 * math.sqrt(2)) <= inside <= 192 / math.sqrt(2)
        assert 211 * math.sqrt(2) <= beyond <= 211 * 2 * math.sqrt(2)
        assert {inside, beyond} & set(solved) == set()
        solved[inside] = False
        assert check_lengths(GRID, solved, "grid", "gru", "recall", seed) == (beyond,)
        assert next_lengths(GRID, solved) == (), "a violation does not prolong the search"
        solved[beyond] = True
        assert check_lengths(GRID, solved, "grid", "gru", "recall", seed) == ()
        assert next_lengths(GRID, solved) == ()
        # The success beyond contradicts the failures before it, and the failure inside the successes after it.
        assert find_bracket(solved) == Bracket(192, 211, 2)
        assert find_bounds(solved) == (
            max(length for length in solved if length < inside),
            min((length for length in solved if length > beyond), default=math.inf),
        )


def test_checks_wait_for_the_end_and_leave_out_what_there_is_not():
    assert check_lengths(GRID, {10: True}, "grid", 1) == ()
    assert check_lengths(GRID, {10: False}, "grid", 1) == (), "the failure is not confirmed"
    assert len(check_lengths(GRID, {10: False, 19: False}, "grid", 1)) == 1, "nothing lies inside"
    assert check_lengths((10, 20, 40), {10: True, 20: False, 40: False}, "grid", 1) == (), "all near were visited"
    assert len(check_lengths(GRID, search(GRID, lambda _: True), "grid", 1)) == 1, "nothing lies beyond"
    assert check_lengths((10, 11), {10: True, 11: False}, "grid", 1) == ()


def test_checked_seeds_are_the_share_and_the_key_draws_them():
    seeds = range(1000, 1010)
    assert [len(checked_seeds(seeds, share, "grid")) for share in (0, 0.2, 0.25, 0.3, 1)] == [0, 2, 3, 3, 10]
    assert checked_seeds(seeds, 0.2, "grid", "gru") == checked_seeds(list(seeds)[::-1], 0.2, "grid", "gru")
    drawn = [checked_seeds(seeds, 0.2, "grid", method) for method in range(500)]
    assert len(set(drawn)) > 1
    for seed in seeds:
        assert 0.13 < sum(seed in own for own in drawn) / 500 < 0.27
