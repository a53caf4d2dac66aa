"""The controls without recurrence: what each one can see, and what depth does to a gradient."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.contracts.toys import STEPS, toy_batch, toy_task
from seqbench.errors import Incompatible
from seqbench.layers.deep import Deep
from seqbench.layers.dense import Dense
from seqbench.mitigations.base import LayerContext, Mitigation, chain
from seqbench.mitigations.clip_value import clip_value
from seqbench.mitigations.highway import highway
from seqbench.mitigations.identity_init import identity_init
from seqbench.mitigations.layer_norm import layer_norm
from seqbench.mitigations.residual import residual
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.models._feed_forward import Window, bag
from seqbench.models.bag_mlp import bag_mlp
from seqbench.models.base import initialise
from seqbench.models.feedforward import feedforward
from seqbench.models.tcn import levels_to_reach, reach, tcn
from seqbench.models.transformer import TransformerBlock, sinusoids, transformer
from seqbench.models.window_linear import window_linear
from seqbench.models.window_mlp import window_mlp

VALUES = jnp.arange(1.0, 9.0).reshape(2, 4, 1)
MASK = jnp.asarray([[True] * 4, [True, True, False, False]])


def test_windows_are_cut_and_padded_in_front():
    assert Window(3)(VALUES, MASK, False).tolist() == [[[2, 3, 4]], [[0, 5, 6]]]
    assert Window(3)(VALUES, None, False).tolist() == [[[2, 3, 4]], [[6, 7, 8]]]
    assert Window(2)(VALUES, MASK, True)[0].tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert Window(6)(VALUES, None, False)[0].tolist() == [[0, 0, 1, 2, 3, 4]]


def test_bags_count_what_has_come_so_far():
    assert bag(VALUES, MASK, False).tolist() == [[[10]], [[11]]]
    assert bag(VALUES, None, True)[0].tolist() == [[1], [3], [6], [10]]


def test_linear_window_is_one_matrix_over_the_last_steps():
    task = toy_task(variable_length=True)
    model, batch = window_linear(window=2)(task, chain(), nnx.Rngs(0)), toy_batch(task)
    one_hot = np.eye(4)[np.asarray(batch.inputs)]
    for row, length in enumerate((1, 2, 4, 6)):
        window = np.concatenate([np.zeros((2, 4)), one_hot[row, :length]])[-2:].ravel()
        by_hand = window @ np.asarray(model.readout.kernel[...]) + np.asarray(model.readout.bias[...])
        np.testing.assert_allclose(model(batch)[row, 0], by_hand, atol=1e-6)


def test_bag_does_not_see_the_order_and_window_does_not_see_further_back():
    task = toy_task()
    batch = toy_batch(task)
    shuffled = batch._replace(inputs=batch.inputs[:, jnp.asarray([3, 0, 5, 1, 4, 2])])
    changed = batch._replace(inputs=batch.inputs.at[:, 2].set((batch.inputs[:, 2] + 1) % 4))
    blind, short, long = (
        jax.jit(build(task, chain(), nnx.Rngs(0)).__call__)
        for build in (bag_mlp(), window_mlp(window=3), window_mlp(window=4))
    )
    np.testing.assert_allclose(blind(shuffled), blind(batch), atol=1e-6)
    np.testing.assert_array_equal(short(changed), short(batch))
    assert np.all(np.any(long(changed) != long(batch), axis=-1))


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 100])
def test_convolutions_reach_as_far_as_needed_and_no_further(steps):
    levels = levels_to_reach(steps, 5)
    assert reach(levels, 5) >= steps
    assert levels == 1 or reach(levels - 1, 5) < steps


def test_convolutions_see_exactly_their_reach():
    task = toy_task(readout="every", symbolic=False)._replace(steps=12, targets=12)
    model = tcn(width=4, kernel=2, levels=2)(task, chain(), nnx.Rngs(1))
    batch = toy_batch(task, rows=1)
    slopes = jax.jit(jax.jacobian(lambda x: model(batch._replace(inputs=x))[0, -1]))(batch.inputs)
    seen = np.any(np.asarray(slopes)[:, 0], axis=(0, 2))
    assert reach(2, 2) == 7
    np.testing.assert_array_equal(seen, np.arange(12) >= 12 - 7)


def test_attention_is_softmax_over_the_past_by_hand():
    block = TransformerBlock(6, 2, nnx.Rngs(0))
    values = np.random.default_rng(0).normal(size=(1, 4, 6)).astype(np.float32)
    query, key, value = np.asarray(jax.jit(block.attend.__call__)(values)).reshape(4, 3, 2, 3).transpose(1, 2, 0, 3)
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(3)
    scores[:, ~np.tri(4, dtype=bool)] = -np.inf
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    mixed = (weights @ value).transpose(1, 0, 2).reshape(4, 6)
    given = jax.jit(block._attention)(values)[0]
    np.testing.assert_allclose(given, block.merge(mixed), atol=1e-5)


def test_positions_are_told_apart():
    positions = np.asarray(sinusoids(50, 7))
    assert positions.shape == (50, 7)
    np.testing.assert_allclose(positions[3, :2], [np.sin(3), np.sin(3 * 10_000 ** (-1 / 4))], atol=1e-6)
    task = toy_task()
    batch = toy_batch(task)
    model = jax.jit(transformer(width=8, depth=1)(task, chain(), nnx.Rngs(0)).__call__)
    reordered = batch._replace(inputs=batch.inputs[:, jnp.asarray([4, 3, 2, 1, 0, 5])])
    assert np.any(np.abs(model(reordered) - model(batch)) > 1e-4)


@pytest.mark.parametrize("wrap", [None, residual, highway, layer_norm])
def test_many_layers_as_one_are_the_layers_one_by_one(wrap):
    def build(place, source):
        plain = Dense(3, 3, source, activation="tanh")
        return wrap().layer(plain, LayerContext(place, 3, 3, 6, source)) if wrap else plain

    one, other = nnx.Rngs(0), nnx.Rngs(0)
    layers, deep = [build(place, one) for place in range(1, 6)], Deep(build, range(1, 6), other)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *map(nnx.state, layers))
    assert jax.tree.structure(nnx.state(deep.template)) == jax.tree.structure(stacked)
    assert all(map(np.array_equal, jax.tree.leaves(nnx.state(deep.template)), jax.tree.leaves(stacked)))
    assert one.default.count[...] == other.default.count[...]
    values = one_by_one = jnp.ones((2, 1, 3))
    for layer in layers:
        one_by_one = layer(one_by_one)
    np.testing.assert_allclose(deep(values), one_by_one, atol=1e-6)


@pytest.mark.parametrize("other", [2, 5])
def test_layers_that_differ_are_not_run_as_one(other):
    def build(place, source):
        return Dense(3, 3, source, activation="relu" if place == other else "tanh")

    with pytest.raises(Incompatible, match="5 layers run as one must be alike"):
        Deep(build, range(1, 6), nnx.Rngs(0))


def test_a_mitigation_of_some_layers_is_refused_where_they_run_as_one():
    some = chain(layer_norm(), residual()._replace(layers=(50,), name="residual"))
    with pytest.raises(Incompatible, match="119 layers run as one must be alike, but residual acts in some"):
        feedforward(width=3, depth=120)(toy_task(), some, nnx.Rngs(0))


def test_what_makes_layers_differ_that_run_as_one_is_named():
    def widen(layer, context):
        return Dense(3, 3, context.rngs, activation="relu" if context.index == 119 else "tanh")

    with pytest.raises(Incompatible, match="119 layers run as one must be alike, but widen makes them differ"):
        feedforward(width=3, depth=120)(toy_task(), chain(Mitigation(layer=widen, name="widen")), nnx.Rngs(0))


@pytest.mark.parametrize(
    ("build", "remedy", "told"),
    [
        (tcn(), skip_in_time(steps=2)._replace(name="skip_in_time"), "skip_in_time acts on recurrent cells, and tcn"),
        (tcn(), identity_init()._replace(name="identity_init"), "identity_init acts on recurrent cells, and tcn"),
        (transformer(), residual()._replace(name="residual"), "residual acts between layers, and transformer has"),
    ],
)
def test_a_model_names_the_remedy_that_it_refuses(build, remedy, told):
    with pytest.raises(Incompatible, match=told):
        build(toy_task(), chain(clip_value(), remedy), nnx.Rngs(0))


def test_a_model_without_a_readout_names_the_remedy_that_sets_it():
    sets = Mitigation(initialise_readout=lambda readout, generator: {}, name="uniform_init")
    model = feedforward(width=3)(toy_task(), chain(), nnx.Rngs(0))
    del model.readout
    with pytest.raises(Incompatible, match="uniform_init sets the matrix `readout`, and"):
        initialise(model, chain(clip_value(), sets), np.random.default_rng)


@pytest.mark.parametrize("depth", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_depth_makes_the_gradient_vanish_without_skips_and_not_with_them(depth):
    task = toy_task()
    batch = toy_batch(task)

    def lowest(*mitigations):
        """Norm of the gradient of the lowest layer's biases, and of the read-out's."""
        graph, state = nnx.split(feedforward(width=8, depth=depth)(task, chain(*mitigations), nnx.Rngs(0)))

        def loss(state):
            return jnp.mean(task.loss(nnx.merge(graph, state)(batch), batch.targets))

        gradient = jax.jit(jax.grad(loss))(state)
        return jnp.linalg.norm(gradient["layers"][0]["linear"]["bias"][...]), jnp.linalg.norm(
            gradient["readout"]["bias"][...]
        )

    plain, skipped = lowest(), lowest(residual())
    assert plain[0] < 1e-12 * plain[1]
    assert skipped[0] > 1e-3 * skipped[1]


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (window_linear, {"window": 0}),
        (window_mlp, {"depth": 0}),
        (bag_mlp, {"depth": 0}),
        (feedforward, {"depth": 0}),
        (tcn, {"kernel": 1}),
        (transformer, {"heads": 0}),
    ],
)
def test_settings_that_make_no_sense_are_refused(function, settings):
    with pytest.raises(Incompatible, match=function.__name__):
        function(**settings)


def test_whole_sequence_is_read_by_default():
    assert feedforward(width=8, depth=1)(toy_task(), chain(), nnx.Rngs(0)).look == Window(STEPS)
