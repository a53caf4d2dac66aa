"""A constant learning rate.

    multiplier(t) = 1

Source: Robbins & Monro 1951, A stochastic approximation method
"""

from __future__ import annotations

from optax.schedules import constant_schedule

from seqbench.schedules.base import ScheduleBuilder


def constant() -> ScheduleBuilder:
    """The learning rate as it is."""
    return lambda _: constant_schedule(1.0)
