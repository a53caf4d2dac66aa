"""A learning rate that falls to zero along half a cosine, after a warm-up.

    multiplier(t) = (1 + cos(pi t / T)) / 2,  t = steps taken since the warm-up, T = steps of training after it

Source: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983, without the
restarts
"""

from __future__ import annotations

from optax.schedules import cosine_decay_schedule

from seqbench.schedules.base import ScheduleBuilder, after_warmup
from seqbench.setting_types import NonNegativeInt


def cosine(*, warmup: NonNegativeInt = 0) -> ScheduleBuilder:
    """Fall to zero along half a cosine, after `warmup` steps of rising."""
    return after_warmup(warmup, lambda steps: cosine_decay_schedule(1.0, steps))
