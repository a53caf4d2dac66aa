"""A learning rate that drops at given points of training, after a warm-up.

    multiplier(t) = factor^(number of points at which t has arrived)

`at` are shares of the steps after the warm-up: with 3,000 steps and `at: [0.5, 0.75]` the rate drops before the steps
that follow the first 1,500 and the first 2,250. PyTorch's `MultiStepLR(milestones, gamma)` has milestones = at * T.

Source: as in He, Zhang, Ren & Sun 2016, Deep residual learning for image recognition, arXiv:1512.03385 (section 4.2:
divided by 10 at 32k and 48k of 64k steps)
"""

from __future__ import annotations

from collections import Counter

from optax import Schedule
from optax.schedules import piecewise_constant_schedule

from seqbench.schedules.base import ScheduleBuilder, after_warmup
from seqbench.setting_types import Fraction, NonNegativeInt, ProperFraction


def step(
    *, at: tuple[ProperFraction, ...] = (0.5, 0.75), factor: Fraction = 0.1, warmup: NonNegativeInt = 0
) -> ScheduleBuilder:
    """Multiply by `factor` at each of the shares `at` of training, after `warmup` steps of rising."""

    def drop(steps: int) -> Schedule:
        # In a short training two points may fall on one step, which then drops twice.
        points = Counter(round(share * steps) for share in at)
        return piecewise_constant_schedule(1.0, {point: factor**times for point, times in points.items()})

    return after_warmup(warmup, drop)
