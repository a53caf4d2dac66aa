"""Sampling: the model's own distribution, sharpened, cut and repeatable."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.vanilla import vanilla
from seqbench.contracts.toys import toy_task
from seqbench.errors import Incompatible, UsageError
from seqbench.mitigations.base import chain
from seqbench.models.base import Model, encode
from seqbench.models.bidirectional import bidirectional
from seqbench.models.stacked import stacked
from seqbench.tasks.base import Batch
from seqbench.training.generation import choose, generate

TASK = toy_task(readout="every")._replace(outputs=4)


class Chained(Model):
    """A Markov chain as a model: the next symbol's logits are a row of a table."""

    def __init__(self, table: Any) -> None:
        super().__init__(TASK)
        self.table = nnx.Param(jnp.asarray(table, jnp.float32))

    def __call__(self, batch: Batch, *, taps: Any = None) -> jax.Array:
        return encode(batch.inputs, self.symbols) @ self.table[...]


COUNTING = Chained(9.0 * np.roll(np.eye(4), 1, axis=1))
EVEN = Chained(np.log([[0.5, 0.3, 0.2, 1e-9]] * 4))


def test_without_temperature_the_most_likely_symbol_follows():
    text = generate(COUNTING, jnp.asarray([0, 1]), jax.random.key(0), symbols=6, temperature=0)
    assert text.tolist() == [2, 3, 0, 1, 2, 3]


def test_frequencies_are_the_models_own_and_a_key_is_a_text():
    text = generate(EVEN, jnp.asarray([0]), jax.random.key(0), symbols=2000)
    np.testing.assert_allclose(np.bincount(text, minlength=4) / 2000, [0.5, 0.3, 0.2, 0], atol=0.035)
    np.testing.assert_array_equal(text, generate(EVEN, jnp.asarray([0]), jax.random.key(0), symbols=2000))
    assert np.any(text != generate(EVEN, jnp.asarray([0]), jax.random.key(1), symbols=2000))


@pytest.mark.parametrize(
    ("temperature", "top_k", "expected"),
    [
        (0.5, 0, [25 / 38, 9 / 38, 4 / 38, 0]),
        (1.0, 2, [5 / 8, 3 / 8, 0, 0]),
        (1.0, 1, [1, 0, 0, 0]),
        (1.0, 9, [0.5, 0.3, 0.2, 0]),
    ],
)
def test_temperature_sharpens_and_top_k_cuts(temperature, top_k, expected):
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.vmap(lambda key: choose(EVEN.table[...][0], key, temperature, top_k))(keys)
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, expected, atol=0.025)


def test_recurrent_model_continues_as_it_predicts():
    model = stacked(vanilla(), width=4)(TASK, chain(), nnx.Rngs(0))
    text = generate(model, jnp.asarray([1, 3]), jax.random.key(0), symbols=4, temperature=0)
    whole = jnp.concatenate([jnp.asarray([1, 3]), text])
    ones = jnp.ones((1, 6))
    predictions = model(Batch(whole[None], whole[None], ones > 0, ones, whole[None]))
    np.testing.assert_array_equal(jnp.argmax(predictions[0, 1:-1], -1), text)


def test_refuses_what_is_no_language_model():
    looks_ahead = bidirectional(vanilla(), width=2)(TASK, chain(), nnx.Rngs(0))
    last = stacked(vanilla(), width=2)(toy_task(), chain(), nnx.Rngs(0))
    for model, why in ((looks_ahead, "look ahead"), (last, "next symbol")):
        with pytest.raises(Incompatible, match=why):
            generate(model, jnp.asarray([0]), jax.random.key(0), symbols=1)
    with pytest.raises(UsageError, match="prompt of one symbol"):
        generate(COUNTING, jnp.asarray([], jnp.int32), jax.random.key(0), symbols=1)
    with pytest.raises(UsageError, match="temperature"):
        generate(COUNTING, jnp.asarray([0]), jax.random.key(0), symbols=1, temperature=-1.0)
