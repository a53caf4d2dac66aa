"""What a schedule is here: what the learning rate is multiplied by, laid out over the training budget.

The learning rate of a grid is the peak, where the multiplier is 1. A schedule's function returns a `ScheduleBuilder`:
given the number of training steps, it makes an Optax schedule `steps already taken -> multiplier`.

Source: the schedules of Optax, https://optax.readthedocs.io/en/latest/api/optimizer_schedules.html
"""

from __future__ import annotations

from collections.abc import Callable

from optax import Schedule
from optax.schedules import join_schedules, linear_schedule

ScheduleBuilder = Callable[[int], Schedule]
"""`training steps -> schedule`."""


def after_warmup(warmup: int, rest: ScheduleBuilder) -> ScheduleBuilder:
    """A schedule that rises in a line for `warmup` steps, from 1 / warmup to 1, before the rest of the steps.

    A budget that ends within the warm-up ends before the peak.
    """

    def build(steps: int) -> Schedule:
        if warmup == 0:
            return rest(max(steps, 1))
        rise = linear_schedule(1 / warmup, 1.0, warmup - 1)
        return join_schedules([rise, rest(max(steps - warmup, 1))], [warmup])

    return build
