"""Text from a trained language model, one symbol after the other.

    p(symbol) ~ exp(logit / temperature), among the `top_k` most likely symbols

The text so far is read again for each symbol, so that every causal model will do, whatever it is made of. That costs
steps squared: a few hundred symbols take seconds.

Source: Graves 2013, Generating sequences with recurrent neural networks, arXiv:1308.0850; top-k as in Fan, Lewis &
Dauphin 2018, Hierarchical neural story generation, arXiv:1805.04833
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Key

from seqbench.errors import Incompatible, UsageError
from seqbench.models.base import Model
from seqbench.tasks.base import Batch


def generate(
    model: Model,
    prompt: Int[Array, " N"],
    key: Key[Array, ""],
    *,
    symbols: int,
    temperature: float = 1.0,
    top_k: int = 0,
) -> Int[Array, " M"]:
    """Continue `prompt` by `symbols` symbols.

    Args:
        model: a model that predicts at every step which symbol of its own alphabet comes next.
        prompt: the beginning of the text, one symbol or more.
        key: the same key gives the same text.
        symbols: how many symbols to add.
        temperature: below 1 the likely become likelier; 0 always takes the most likely.
        top_k: how many of the most likely symbols to choose from; 0 is all.

    Returns:
        The added symbols, without the prompt.

    Raises:
        Incompatible: the model does not predict its own next symbol, or looks ahead.
        UsageError: no prompt, a negative temperature or a negative `top_k`.
    """
    require_language_model(model)
    start = prompt.shape[0]
    if not start or symbols < 1 or temperature < 0 or top_k < 0:
        raise UsageError(
            "generation needs a prompt of one symbol or more, symbols >= 1, temperature >= 0 and top_k >= 0, "
            f"got {start}, {symbols}, {temperature} and {top_k}"
        )
    text = jnp.zeros(start + symbols, jnp.int32).at[:start].set(prompt)

    graph, state = nnx.split(model)
    write = jax.jit(partial(_write, graph, start=start, temperature=temperature, top_k=top_k))
    return write(state, text, key)[start:]


def _write(
    graph: nnx.GraphDef,
    state: nnx.State,
    text: Int[Array, " T"],
    key: Key[Array, ""],
    *,
    start: int,
    temperature: float,
    top_k: int,
) -> Int[Array, " T"]:
    """Fill in a text from place `start` on, each symbol from all before it."""
    model = nnx.merge(graph, state)

    def add(place: Int[Array, ""], text: Int[Array, " T"]) -> Int[Array, " T"]:
        logits = model(_as_batch(text))[0, place - 1]
        return text.at[place].set(choose(logits, jax.random.fold_in(key, place), temperature, top_k))

    return jax.lax.fori_loop(start, text.shape[0], add, text)


def choose(logits: Float[Array, " O"], key: Key[Array, ""], temperature: float, top_k: int) -> Int[Array, ""]:
    """One symbol, drawn from the logits."""
    if temperature == 0:
        return jnp.argmax(logits).astype(jnp.int32)
    if 0 < top_k < logits.shape[0]:
        likeliest, places = jax.lax.top_k(logits, top_k)
        return places[jax.random.categorical(key, likeliest / temperature)].astype(jnp.int32)
    return jax.random.categorical(key, logits / temperature).astype(jnp.int32)


def require_language_model(model: Model) -> None:
    """Raise Incompatible unless the model's predictions can be its own next inputs."""
    if not model.symbols or model.read_at != "every":
        raise Incompatible(
            "generation needs a task that predicts the next symbol at every step, such as language_model"
        )
    if not model.causal:
        raise Incompatible(f"generation needs a model that does not look ahead, and {type(model).__name__} does")


def _as_batch(text: Int[Array, " T"]) -> Batch:
    """One sequence without targets."""
    steps = text.shape[0]
    return Batch(
        inputs=text[None],
        targets=jnp.zeros((1, steps), jnp.int32),
        mask=jnp.ones((1, steps), bool),
        weights=jnp.zeros((1, steps)),
        distance=jnp.zeros((1, steps), jnp.int32),
    )
