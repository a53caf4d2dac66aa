"""Every schedule keeps the contract of `seqbench.contracts.schedules`, and a component that breaks it is reported."""

from __future__ import annotations

from typing import Annotated

import jax.numpy as jnp
import pytest
from annotated_types import Ge, Le

from seqbench.components import catalogue
from seqbench.contracts.schedules import CHECKS, Subject
from seqbench.schedules.base import ScheduleBuilder
from tests.contracts.demands import demands


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("name", catalogue.names("schedules"))
def test_schedule(name, check, hold):
    hold(check, Subject(catalogue.component("schedules", name)))


def half() -> ScheduleBuilder:
    """A rate that is never the grid's."""
    return lambda _: lambda step: jnp.full((), 0.5)


def overshoots() -> ScheduleBuilder:
    """Falls below zero at the end."""
    return lambda steps: lambda step: 1 - 2 * step / steps


def power(*, exponent: Annotated[float, Ge(-1), Le(1)] = 1.0) -> ScheduleBuilder:
    """Allows an exponent that blows up."""
    return lambda steps: lambda step: (1 - step / (steps + 1)) ** exponent


def vector() -> ScheduleBuilder:
    """Two numbers a step."""
    return lambda _: lambda step: jnp.ones(2)


@pytest.mark.parametrize(
    ("make", "broken"),
    [
        (half, {"its_peak_is_1"}),
        (overshoots, {"its_multiplier_stays_between_0_and_1"}),
        (power, {"at_the_edges_of_its_settings_the_multiplier_stays_between_0_and_1"}),
        (vector, {"it_gives_one_number_for_a_step_that_is_an_argument_of_the_program"}),
    ],
)
def test_what_breaks_the_contract_is_found(make, broken):
    failed = set()
    for check in CHECKS[1:]:  # these stand in a test, whose docstring names no source
        try:
            check(Subject(make))
        except AssertionError:
            failed.add(check.__name__)
    assert failed == broken
