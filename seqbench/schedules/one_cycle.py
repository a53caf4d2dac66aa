"""One cycle of the learning rate: up along half a cosine, then down along another, far below where it began.

    multiplier: 1 / div_factor  ->  1 at the share pct_start of training  ->  1 / (div_factor * final_div_factor)

Its rise is a warm-up, so there is no other before it. The momentum is not cycled.

Source: Smith & Topin 2017, Super-convergence: very fast training of neural networks using large learning rates,
arXiv:1708.07120; with the names and defaults of PyTorch's `OneCycleLR`
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from optax.schedules import cosine_onecycle_schedule

from seqbench.schedules.base import ScheduleBuilder
from seqbench.setting_types import ProperFraction

Divisor = Annotated[float, Ge(1), Le(1e9)]


def one_cycle(
    *, pct_start: ProperFraction = 0.3, div_factor: Divisor = 25.0, final_div_factor: Divisor = 1e4
) -> ScheduleBuilder:
    """Rise from 1 / `div_factor` for the share `pct_start` of training, then fall `final_div_factor` times below it."""
    return lambda steps: cosine_onecycle_schedule(max(steps, 1), 1.0, pct_start, div_factor, final_div_factor)
