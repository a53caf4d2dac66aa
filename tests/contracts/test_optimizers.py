"""Every optimizer keeps the contract of `seqbench.contracts.optimizers`, and a component that breaks it is reported."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
import pytest

from seqbench.components import catalogue
from seqbench.contracts.optimizers import CHECKS, Subject
from seqbench.optimizers.base import Optimizer
from seqbench.setting_types import NonNegativeFloat, PositiveFloat
from tests.contracts.demands import demands


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("name", catalogue.names("optimizers"))
def test_optimizer(name, check, hold):
    hold(check, Subject(catalogue.component("optimizers", name)))


def uphill() -> Optimizer:
    """The other way."""
    return optax.scale(-1.0)


def divides(*, eps: NonNegativeFloat = 1e-8) -> Optimizer:
    """The sign of the gradient, by a division."""
    return optax.stateless(lambda g, _: jax.tree.map(lambda leaf: leaf / (jnp.abs(leaf) + eps), g))


def stuck() -> Optimizer:
    """No step worth the name."""
    return optax.scale(1e-9)


def by_place(rate: PositiveFloat = 0.1) -> Optimizer:
    """A setting without a name."""
    return optax.scale(rate)


def grows() -> Optimizer:
    """A state that is another after the first step."""
    return optax.GradientTransformation(lambda _: (), lambda g, state, _=None: (g, jnp.ones(())))


@pytest.mark.parametrize(
    ("make", "broken"),
    [
        (uphill, {"the_first_step_goes_down", "it_converges"}),
        (divides, {"at_the_edges_of_its_settings_the_first_step_goes_down"}),
        (stuck, {"it_converges"}),
        (by_place, {"its_settings_are_named_have_defaults_and_are_checked"}),
        (grows, {"its_direction_is_like_the_parameters_and_its_state_keeps_its_form", "it_converges"}),
    ],
)
def test_what_breaks_the_contract_is_found(make, broken):
    failed = set()
    for check in CHECKS[1:]:  # these stand in a test, whose docstring names no source
        try:
            check(Subject(make))
        except (AssertionError, TypeError):
            failed.add(check.__name__)
    assert failed == broken
