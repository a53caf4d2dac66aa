"""Optimizers against Optax's ready-made ones and against steps worked by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from seqbench.components.catalogue import component, names

RATE = 0.05

READY_MADE = {
    "sgd": (optax.sgd(RATE), {}),
    "momentum": (optax.sgd(RATE, momentum=0.8), {"momentum": 0.8}),
    "nesterov": (optax.sgd(RATE, momentum=0.8, nesterov=True), {"momentum": 0.8, "nesterov": True}),
    "rmsprop": (optax.rmsprop(RATE, decay=0.95, eps=1e-6), {"decay": 0.95, "eps": 1e-6}),
    "rmsprop, eps outside": (
        optax.rmsprop(RATE, decay=0.95, eps=1e-6, initial_scale=1.0, eps_in_sqrt=False),
        {"decay": 0.95, "eps": 1e-6, "initial": 1.0, "eps_in_sqrt": False},
    ),
    "adam": (optax.adam(RATE, b1=0.8, b2=0.99, eps=1e-7), {"b1": 0.8, "b2": 0.99, "eps": 1e-7}),
    "adamw": (optax.adamw(RATE, b2=0.99, weight_decay=0.1), {"b2": 0.99, "weight_decay": 0.1}),
}


@pytest.mark.parametrize("case", READY_MADE)
def test_each_optimizer_is_the_ready_made_one_of_optax(case):
    ready_made, settings = READY_MADE[case]
    name = "momentum" if case == "nesterov" else case.partition(",")[0]
    ours = component("optimizers", name)(**settings)
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


def test_every_optimizer_is_compared():
    assert {case.partition(",")[0] for case in READY_MADE} - {"nesterov"} == set(names("optimizers"))


@pytest.mark.parametrize(("eps_in_sqrt", "expected"), [(True, 0.0995), (False, 1.002)])
def test_the_two_places_of_eps_in_rmsprop_differ_where_gradients_vanish(eps_in_sqrt, expected):
    """After 50 gradients g = 1e-5, v = (1 - 0.9^50) g^2 = 0.99485e-10.

    Inside the root: 1e-5 / sqrt(0.99485e-10 + 1e-8) = 0.0995. Outside: 1e-5 / (0.99742e-5 + 1e-8) = 1.00158.
    """
    optimizer = component("optimizers", "rmsprop")(eps_in_sqrt=eps_in_sqrt)
    gradient = jnp.full((1,), 1e-5)
    state = optimizer.init(gradient)
    for _ in range(50):
        step, state = optimizer.update(gradient, state)
    assert float(step[0]) == pytest.approx(expected, rel=5e-4)


FORMS = {
    # v after gradients 0.2 and 1e-4, then the second step, in the order of operations of each library.
    "PyTorch": ({"decay": 0.99, "eps_in_sqrt": False}, 1e-4 / (np.sqrt(0.99 * 4e-4 + 0.01 * 1e-8) + 1e-8)),
    "Keras 3": ({"eps": 1e-7}, 1e-4 / np.sqrt(0.9 * 4e-3 + 0.1 * 1e-8 + 1e-7)),
    "TensorFlow 1": ({"eps": 1e-10, "initial": 1.0}, 1e-4 / np.sqrt(0.9 * 0.904 + 0.1 * 1e-8 + 1e-10)),
    "uRNN": ({"eps": 1e-30, "initial": 1e-3}, 1e-4 / np.sqrt(0.9 * 0.0049 + 0.1 * 1e-8)),
}


@pytest.mark.parametrize("form", FORMS)
def test_rmsprop_as_other_libraries_have_it_by_hand(form):
    settings, expected = FORMS[form]
    optimizer = component("optimizers", "rmsprop")(**settings)
    state = optimizer.init(jnp.array(0.0))
    for gradient in (0.2, 1e-4):
        step, state = optimizer.update(jnp.array(gradient), state)
    assert float(step) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("initial", "expected"), [(0.0, 0.2 / np.sqrt(0.1 * 0.04)), (1.0, 0.2 / np.sqrt(0.904))])
def test_the_start_of_rmsprops_average_by_hand(initial, expected):
    """One gradient of 0.2: v = 0.9 initial + 0.1 * 0.04."""
    optimizer = component("optimizers", "rmsprop")(initial=initial)
    step, _ = optimizer.update(jnp.array(0.2), optimizer.init(jnp.array(0.0)))
    assert float(step) == pytest.approx(expected, rel=1e-5)
