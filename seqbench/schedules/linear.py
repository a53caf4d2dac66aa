"""A learning rate that falls in a line to zero at the end of training, after a warm-up.

    multiplier(t) = 1 - t / T,  t = steps taken since the warm-up, T = steps of training after it

Source: as in Devlin et al. 2019, BERT, arXiv:1810.04805 (appendix A.2)
"""

from __future__ import annotations

from optax.schedules import linear_schedule

from seqbench.schedules.base import ScheduleBuilder, after_warmup
from seqbench.setting_types import NonNegativeInt


def linear(*, warmup: NonNegativeInt = 0) -> ScheduleBuilder:
    """Fall in a line to zero, after `warmup` steps of rising."""
    return after_warmup(warmup, lambda steps: linear_schedule(1.0, 0.0, steps))
