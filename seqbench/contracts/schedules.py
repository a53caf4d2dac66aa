"""What every schedule must keep to: a multiplier between 0 and 1 for each step of any budget, whose peak is 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from seqbench.contracts.base import Check, documents_itself, named, require, settings_are_checked
from seqbench.contracts.edges import at_the_edges
from seqbench.errors import Incompatible
from seqbench.schedules.base import ScheduleBuilder
from seqbench.setting_types import LARGEST_COUNT

BUDGETS = 1, 2, 7, 1000
"""Training steps that are tried; 1,000 are enough for the peak of every schedule with its defaults."""

CLOSE = 1e-6


class Subject:
    """A schedule under examination: the function that makes its builder."""

    def __init__(self, make: Callable[..., ScheduleBuilder]) -> None:
        self.make, self.name = make, make.__name__

    def multipliers(self, budget: int, **settings: Any) -> np.ndarray:
        """The multiplier at every step of a budget, and at the one after it."""
        schedule = self.make(**settings)(budget)
        steps = jnp.arange(max(BUDGETS) + 1)  # as many for every budget: operations are compiled for one shape
        return np.asarray(jax.vmap(lambda step: jnp.asarray(schedule(step), jnp.float32))(steps))[: budget + 1]


def check_schedule(make: Callable[..., ScheduleBuilder]) -> list[Check]:
    """The contract of a schedule, given the function that makes its builder."""
    return named(CHECKS, Subject(make))


def says_what_it_is_and_where_it_comes_from(subject: Subject) -> None:
    """The module's docstring: a sentence and a source; the function's: a line."""
    documents_itself(subject.make)


def its_settings_are_named_have_defaults_and_are_checked(subject: Subject) -> None:
    """Settings are keyword-only, and their defaults are of the types they are annotated with."""
    settings_are_checked(subject.make)


def it_gives_one_number_for_a_step_that_is_an_argument_of_the_program(subject: Subject) -> None:
    """The step is a traced whole number, so that one program trains all steps."""
    schedule = subject.make()(BUDGETS[-1])
    shape = jax.eval_shape(lambda step: jnp.asarray(schedule(step)), jnp.int32(0)).shape
    require(shape == (), f"The multiplier must be one number, it has the shape {shape}.")


def its_multiplier_stays_between_0_and_1(subject: Subject) -> None:
    """In every budget: the learning rate of a grid is the largest there is, and no step goes uphill."""
    for budget in BUDGETS:
        _require_multiplier(subject, budget, {})


def its_peak_is_1(subject: Subject) -> None:
    """A grid's learning rate means the same under every schedule: the rate at the peak."""
    peak = float(np.max(subject.multipliers(BUDGETS[-1])))
    require(abs(peak - 1) < CLOSE, f"In {BUDGETS[-1]} steps the largest multiplier is {peak:.6g}: scale it to 1.")


def at_the_edges_of_its_settings_the_multiplier_stays_between_0_and_1(subject: Subject) -> None:
    """Whatever a grid may set."""
    for settings in at_the_edges(subject.make, many=LARGEST_COUNT):
        try:
            subject.make(**settings)
        except Incompatible:
            continue
        for budget in BUDGETS:
            _require_multiplier(subject, budget, settings)


CHECKS: tuple[Callable[[Subject], None], ...] = (
    says_what_it_is_and_where_it_comes_from,
    its_settings_are_named_have_defaults_and_are_checked,
    it_gives_one_number_for_a_step_that_is_an_argument_of_the_program,
    its_multiplier_stays_between_0_and_1,
    its_peak_is_1,
    at_the_edges_of_its_settings_the_multiplier_stays_between_0_and_1,
)


def _require_multiplier(subject: Subject, budget: int, settings: dict[str, Any]) -> None:
    found = subject.multipliers(budget, **settings)
    within = np.all((found >= -CLOSE) & (found <= 1 + CLOSE))  # false for what is not a number
    message = f"With {settings or 'defaults'} the multipliers of {budget} steps are {found.min()} to {found.max()}"
    require(within, f"{message}: keep them from 0 to 1.")
