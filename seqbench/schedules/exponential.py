"""A learning rate that falls by the same factor at every step, after a warm-up.

    multiplier(t) = final^(t / T),  t = steps taken since the warm-up, T = steps of training after it

`final` is what is left at the end. PyTorch's `ExponentialLR(gamma)` is `final = gamma^T`.

Source: as in the exponential decay of Optax (Babuschkin et al. 2020, "The DeepMind JAX ecosystem"),
https://optax.readthedocs.io/en/latest/api/optimizer_schedules.html
"""

from __future__ import annotations

from optax.schedules import exponential_decay

from seqbench.schedules.base import ScheduleBuilder, after_warmup
from seqbench.setting_types import NonNegativeInt, ProperFraction


def exponential(*, final: ProperFraction = 0.01, warmup: NonNegativeInt = 0) -> ScheduleBuilder:
    """Fall to the share `final` by the end of training, after `warmup` steps of rising."""
    return after_warmup(warmup, lambda steps: exponential_decay(1.0, steps, final))
