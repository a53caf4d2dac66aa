"""A learning rate that rises in a line, then stays.

    multiplier(t) = min(1, (t + 1) / steps),  t = steps taken before

Source: Goyal et al. 2017, Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv:1706.02677 (section 2.2)
"""

from __future__ import annotations

from seqbench.schedules.base import ScheduleBuilder, after_warmup
from seqbench.schedules.constant import constant
from seqbench.setting_types import NonNegativeInt


def warmup(*, steps: NonNegativeInt = 100) -> ScheduleBuilder:
    """Rise to the full learning rate in `steps` steps."""
    return after_warmup(steps, constant())
