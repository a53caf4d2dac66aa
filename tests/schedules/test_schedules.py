"""Schedules by hand: what the learning rate is multiplied by at each step of a short budget."""

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.components.catalogue import component, names
from seqbench.errors import Incompatible

UP, DOWN = (1 + np.cos(np.pi / 3)) / 2, (1 + np.cos(np.pi / 5)) / 2
HAND = [
    ("constant", {}, 8, [1] * 9),
    ("warmup", {"steps": 4}, 8, [1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 1, 1]),
    ("warmup", {"steps": 0}, 8, [1] * 9),
    ("warmup", {"steps": 1}, 8, [1] * 9),
    ("warmup", {"steps": 20}, 3, [1 / 20, 2 / 20, 3 / 20, 4 / 20]),
    ("linear", {"warmup": 0}, 8, [1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8, 0]),
    ("linear", {"warmup": 4}, 8, [1 / 4, 2 / 4, 3 / 4, 1, 1, 3 / 4, 2 / 4, 1 / 4, 0]),
    ("cosine", {"warmup": 0}, 8, [(1 + np.cos(np.pi * step / 8)) / 2 for step in range(9)]),
    ("cosine", {"warmup": 6}, 8, [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1, 1, 1 / 2, 0]),
    ("exponential", {"final": 0.0001}, 4, [1, 0.1, 0.01, 0.001, 0.0001]),
    ("exponential", {"final": 0.01, "warmup": 2}, 4, [1 / 2, 1, 1, 0.1, 0.01]),
    ("step", {"at": [0.5, 0.75], "factor": 0.1}, 8, [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01]),
    ("step", {"at": [0.5], "factor": 0.5, "warmup": 2}, 6, [1 / 2, 1, 1, 1, 0.5, 0.5, 0.5]),
    ("step", {"at": [0.4, 0.5], "factor": 0.1}, 2, [1, 0.01, 0.01]),
    ("piecewise", {"at": [3, 5], "multipliers": [0.1, 0.01]}, 8, [1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01]),
    ("piecewise", {"at": [2, 9], "multipliers": [0.0, 1.0]}, 3, [1, 1, 0, 0]),
    (
        "one_cycle",
        {"pct_start": 0.375, "div_factor": 10.0, "final_div_factor": 100.0},
        8,
        [
            0.1,  # up in 3 steps: 1 - 0.9 (1 + cos(pi t / 3)) / 2
            1 - 0.9 * UP,
            1 - 0.9 * (1 - UP),
            1,  # then down in 5: 0.001 + 0.999 (1 + cos(pi t / 5)) / 2
            0.001 + 0.999 * DOWN,
            0.001 + 0.999 * (1 + np.cos(2 * np.pi / 5)) / 2,
            0.001 + 0.999 * (1 + np.cos(3 * np.pi / 5)) / 2,
            0.001 + 0.999 * (1 - DOWN),
            0.001,
        ],
    ),
]


@pytest.mark.parametrize(("name", "settings", "steps", "expected"), HAND)
def test_each_schedule_by_hand(name, settings, steps, expected):
    multiplier = component("schedules", name)(**settings)(steps)
    np.testing.assert_allclose([multiplier(jnp.int32(step)) for step in range(steps + 1)], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("at", "multipliers", "problem"), [([5], [0.1, 0.01], "2 for 1 steps"), ([5, 5], [0.1, 0.01], "rising order")]
)
def test_steps_and_multipliers_that_do_not_fit_are_refused(at, multipliers, problem):
    with pytest.raises(Incompatible, match=problem):
        component("schedules", "piecewise")(at=at, multipliers=multipliers)


def test_every_schedule_is_worked_by_hand():
    assert {name for name, *_ in HAND} == set(names("schedules"))
