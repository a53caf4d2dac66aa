"""What every optimizer must keep to: its first step descends, it converges, and it never divides by zero.

An optimizer gives the direction of a step; the checks subtract a learning rate times the direction, as training does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from seqbench.contracts.base import Check, documents_itself, named, require, settings_are_checked
from seqbench.contracts.edges import at_the_edges
from seqbench.errors import Incompatible
from seqbench.optimizers.base import Optimizer

STEPS, RATES = 300, (1.0, 0.1, 0.01, 0.001)
"""Steps, and the learning rates of which one has to arrive in them."""

FLAT = 0.0, 1e-30, 1e-8
"""Gradients that have vanished, more or less."""


def start() -> dict[str, jax.Array]:
    """Parameters of two shapes, none at the minimum."""
    return {"matrix": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "bias": jnp.array([-1.5, 0.25, 1.0])}


def loss(parameters: Any) -> jax.Array:
    """A bowl, three times as steep one way as another, whose minimum 0 is at 0."""
    return jnp.sum(jnp.square(parameters["matrix"])) / 2 + 3 * jnp.sum(jnp.square(parameters["bias"])) / 2


class Subject:
    """An optimizer under examination: the function that makes it."""

    def __init__(self, make: Callable[..., Optimizer]) -> None:
        self.make, self.name = make, make.__name__

    def direction(self, gradient: Any, **settings: Any) -> Any:
        """The first direction for a gradient at `start`."""
        optimizer = self.make(**settings)
        return optimizer.update(gradient, optimizer.init(start()), start())[0]


def check_optimizer(make: Callable[..., Optimizer]) -> list[Check]:
    """The contract of an optimizer, given the function that makes it."""
    return named(CHECKS, Subject(make))


def says_what_it_is_and_where_it_comes_from(subject: Subject) -> None:
    """The module's docstring: a sentence and a source; the function's: a line."""
    documents_itself(subject.make)


def its_settings_are_named_have_defaults_and_are_checked(subject: Subject) -> None:
    """Settings are keyword-only, and their defaults are of the types they are annotated with."""
    settings_are_checked(subject.make)
    made = subject.make()
    kind = isinstance(made, optax.GradientTransformation)
    require(kind, f"{subject.name} must return an optax.GradientTransformation, it returns {type(made).__name__}.")


def its_direction_is_like_the_parameters_and_its_state_keeps_its_form(subject: Subject) -> None:
    """Training carries the state through a compiled loop, which demands the same shapes and types in each step."""
    optimizer, parameters = subject.make(), start()
    before = optimizer.init(parameters)
    direction, after = optimizer.update(jax.grad(loss)(parameters), before, parameters)
    require(_form(direction) == _form(parameters), "The direction must have the shapes and types of the parameters.")
    require(_form(after) == _form(before), "The state must keep its structure, shapes and types from step to step.")


def the_first_step_goes_down(subject: Subject) -> None:
    """The direction and the gradient point the same way: what is subtracted makes the loss smaller."""
    _require_descent(subject, {})


def at_the_edges_of_its_settings_the_first_step_goes_down(subject: Subject) -> None:
    """Whatever a grid may set, a step is finite and makes the loss no larger."""
    for settings in at_the_edges(subject.make):
        try:
            subject.make(**settings)
        except Incompatible:
            continue
        _require_descent(subject, settings)
        _require_finite(subject, settings)


def a_vanished_gradient_makes_a_finite_step(subject: Subject) -> None:
    """Where gradients are exactly or nearly zero, nothing may divide by them."""
    _require_finite(subject, {})


def it_converges(subject: Subject) -> None:
    """With one of `RATES`, the loss of a bowl falls to a hundredth."""
    reached = {rate: float(_descend(subject.make(), rate)) for rate in RATES}
    best = min((value for value in reached.values() if np.isfinite(value)), default=np.inf)
    advice = "The direction must not hold the learning rate, and training subtracts it."
    require(best < float(loss(start())) / 100, f"After {STEPS} steps the loss is {best:.3g} at the best rate. {advice}")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    says_what_it_is_and_where_it_comes_from,
    its_settings_are_named_have_defaults_and_are_checked,
    its_direction_is_like_the_parameters_and_its_state_keeps_its_form,
    the_first_step_goes_down,
    at_the_edges_of_its_settings_the_first_step_goes_down,
    a_vanished_gradient_makes_a_finite_step,
    it_converges,
)


def _form(tree: Any) -> Any:
    shapes = jax.tree.map(lambda leaf: (jnp.shape(leaf), jnp.result_type(leaf)), tree)
    return jax.tree.structure(tree), jax.tree.leaves(shapes)


def _require_descent(subject: Subject, settings: dict[str, Any]) -> None:
    gradient = jax.grad(loss)(start())
    direction = subject.direction(gradient, **settings)
    slope = sum(float(jnp.vdot(*pair)) for pair in zip(*map(jax.tree.leaves, (gradient, direction)), strict=True))
    require(np.isfinite(slope), f"With {settings or 'defaults'} the first step is not finite: narrow the range.")
    uphill = f"With {settings or 'defaults'} the first step goes uphill: give the direction of the gradient itself."
    require(slope >= 0 if settings else slope > 0, uphill)


def _require_finite(subject: Subject, settings: dict[str, Any]) -> None:
    for size in FLAT:
        direction = subject.direction(jax.tree.map(lambda p, size=size: jnp.full_like(p, size), start()), **settings)
        finite = all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(direction))
        advice = "Add a number above 0 to what is divided by."
        require(finite, f"With {settings or 'defaults'} a gradient of {size} makes a step that is not finite. {advice}")


def _descend(optimizer: Optimizer, rate: float) -> jax.Array:
    def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        parameters, state = carry
        direction, state = optimizer.update(jax.grad(loss)(parameters), state, parameters)
        return (jax.tree.map(lambda p, d: p - rate * d, parameters, direction), state), None

    begin = start(), optimizer.init(start())
    return loss(jax.lax.scan(step, begin, None, STEPS)[0][0])
