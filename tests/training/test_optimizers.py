import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from seqbench.components.optimizers import OPTIMIZERS, SCHEDULES
from seqbench.errors import UsageError
from seqbench.training.optimizers import direction, multiplier

RATE = 0.05

READY_MADE = {
    "sgd": (optax.sgd(RATE), {}),
    "momentum": (optax.sgd(RATE, momentum=0.8), {"momentum": 0.8}),
    "nesterov": (optax.sgd(RATE, momentum=0.8, nesterov=True), {"momentum": 0.8, "nesterov": True}),
    "rmsprop": (optax.rmsprop(RATE, decay=0.95, eps=1e-6), {"decay": 0.95, "eps": 1e-6}),
    "adam": (optax.adam(RATE, b1=0.8, b2=0.99, eps=1e-7), {"b1": 0.8, "b2": 0.99, "eps": 1e-7}),
    "adamw": (optax.adamw(RATE, b2=0.99, weight_decay=0.1), {"b2": 0.99, "weight_decay": 0.1}),
}


@pytest.mark.parametrize("case", READY_MADE)
def test_each_optimizer_is_the_ready_made_one_of_optax(case):
    ready_made, settings = READY_MADE[case]
    name = "momentum" if case == "nesterov" else case
    ours = direction(name, {**OPTIMIZERS[name], **settings})
    expected = parameters = {"w": jnp.array([[0.5, -1.0], [2.0, 0.1]]), "b": jnp.array([0.3, -0.2])}
    state, expected_state = ours.init(parameters), ready_made.init(expected)

    def loss(parameters):
        return jnp.sum(jnp.sin(parameters["w"]) @ parameters["b"]) + jnp.sum(parameters["w"] ** 4)

    for _ in range(6):
        updates, state = ours.update(jax.grad(loss)(parameters), state, parameters)
        parameters = jax.tree.map(lambda p, u: p - RATE * u, parameters, updates)
        updates, expected_state = ready_made.update(jax.grad(loss)(expected), expected_state, expected)
        expected = optax.apply_updates(expected, updates)
    for leaf in parameters:
        np.testing.assert_allclose(parameters[leaf], expected[leaf], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("constant", {}, [1] * 9),
        ("warmup", {"steps": 4}, [1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 1, 1]),
        ("linear", {"warmup": 0}, [1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8, 0]),
        ("linear", {"warmup": 4}, [1 / 4, 2 / 4, 3 / 4, 1, 1, 3 / 4, 2 / 4, 1 / 4, 0]),
        ("cosine", {"warmup": 0}, [(1 + np.cos(np.pi * step / 8)) / 2 for step in range(9)]),
        ("cosine", {"warmup": 6}, [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1, 1, 1 / 2, 0]),
    ],
)
def test_each_schedule_by_hand(name, settings, expected):
    schedule = multiplier(name, settings, steps=8)
    np.testing.assert_allclose([schedule(jnp.int32(step)) for step in range(9)], expected, atol=1e-6)


def test_every_optimizer_and_schedule_of_the_grid_is_there():
    for name, settings in OPTIMIZERS.items():
        assert direction(name, settings).init(jnp.zeros(2)) is not None
    for name, settings in SCHEDULES.items():
        assert 0 <= multiplier(name, settings, steps=10)(jnp.int32(3)) <= 1


def test_unknown_names_are_refused():
    with pytest.raises(UsageError, match="there are sgd"):
        direction("adagrad", {})
    with pytest.raises(UsageError, match="there are constant"):
        multiplier("step", {}, steps=10)
