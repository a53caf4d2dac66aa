"""A learning rate that changes at given training steps, each time to a given share of its peak.

    multiplier(t) = 1 for t < at_1,   multipliers_k for at_k <= t < at_{k+1},   t = steps taken

Unlike `step`, whose points are shares of training, it has the same rate at a step however long training is. A rate that
is divided by 10 every 20,000 steps is `at: [20000, 40000]` with `multipliers: [0.1, 0.01]`; PyTorch's
`StepLR(step_size, gamma)` has at_k = k * step_size and multipliers_k = gamma^k. Steps beyond the end of training are
never reached.

Source: as in Li, Li, Cook, Zhu & Gao 2018, Independently recurrent neural network (IndRNN), arXiv:1803.04831 (section
5.1: divided by 10 every 20,000 steps); `tf.keras.optimizers.schedules.PiecewiseConstantDecay`
"""

from __future__ import annotations

from itertools import pairwise

from optax.schedules import constant_schedule, join_schedules

from seqbench.errors import Incompatible
from seqbench.schedules.base import ScheduleBuilder
from seqbench.setting_types import Fraction, PositiveInt


def piecewise(
    *, at: tuple[PositiveInt, ...] = (1000, 2000), multipliers: tuple[Fraction, ...] = (0.1, 0.01)
) -> ScheduleBuilder:
    """From each of the training steps `at` on, the rate is its peak times the number in the same place."""
    if len(at) != len(multipliers):
        raise Incompatible(f"piecewise needs one multiplier for each step, got {len(multipliers)} for {len(at)} steps")
    if any(later <= earlier for earlier, later in pairwise(at)):
        raise Incompatible(f"piecewise needs steps in rising order, got {list(at)}")
    return lambda _: join_schedules([constant_schedule(value) for value in (1.0, *multipliers)], at)
