"""When a loss that stays finite counts as diverged."""

import math

import pytest

from seqbench.large_loss import LIMIT, STAYS, large_loss_since

TRIVIAL = 0.5


def since(*losses, ended=False, trivial=TRIVIAL):
    curve = [{"step": 10 * (place + 1), "validation_loss": loss} for place, loss in enumerate(losses)]
    return large_loss_since(curve, trivial, ended=ended)


HIGH, EDGE = 1e30, LIMIT * TRIVIAL


@pytest.mark.parametrize(
    ("losses", "going", "ended"),
    [
        ((), None, None),
        ((0.5, 0.4), None, None),
        ((HIGH, HIGH, HIGH, HIGH, 0.4), None, None),  # it came back
        ((0.4, HIGH), None, 20),
        ((0.4, HIGH, HIGH, HIGH, HIGH), None, 20),
        ((0.4, HIGH, HIGH, HIGH, HIGH, HIGH), 20, 20),
        ((0.4, HIGH, 0.4, HIGH, HIGH, HIGH, HIGH), None, 40),
        ((HIGH, HIGH, HIGH, HIGH, HIGH, 0.4), 10, 10),
        ((EDGE,) * 6, None, None),
        ((EDGE * 1.001,) * 6, 10, 10),
        ((math.inf, math.nan, None, math.inf, math.inf), 10, 10),  # missing: it was not finite when it was kept
        ((math.inf, None, HIGH, HIGH), None, 30),
        ((1e9, 1e8, 1e7, 1e6, 1e5, 1e4), None, None),  # it starts high and comes down
        ((1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 2e4), None, 60),
        ((1e9, 1e8, 2e8, 3e8, 2e8, 2e8, 1e8), 20, 20),
        ((0.4, 1e9, 1e8, 1e7, 1e6, 1e5, 0.3), None, None),
    ],
)
def test_by_hand(losses, going, ended):
    assert STAYS == 5
    assert (since(*losses), since(*losses, ended=True)) == (going, ended)


@pytest.mark.parametrize("trivial", [None, 0.0, -1.0, math.nan])
def test_without_a_positive_loss_to_compare_with_there_is_no_limit(trivial):
    assert since(HIGH, HIGH, HIGH, HIGH, HIGH, HIGH, ended=True, trivial=trivial) is None


def test_a_network_that_meets_the_criterion_has_not_diverged():
    curve = [{"step": step, "validation_loss": HIGH, "met": step == 20} for step in (10, 20, 30)]
    assert large_loss_since(curve[:2], TRIVIAL, ended=True) is None
    assert large_loss_since(curve, TRIVIAL, ended=True) == 30


def test_a_curve_that_does_not_say_the_loss_says_nothing():
    assert large_loss_since([{"step": 10}], TRIVIAL, ended=True) is None
