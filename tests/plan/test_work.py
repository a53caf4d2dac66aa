"""Arithmetic that is counted in a trace, beside what it is by hand."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from seqbench.bench.settings import training_settings
from seqbench.cells.base import CellWrapper
from seqbench.components import catalogue
from seqbench.components.assemble import assemble
from seqbench.components.structure import structure_of
from seqbench.layers.recurrent import recurrent_layers
from seqbench.plan.estimate import pass_bytes
from seqbench.plan.model_size import ModelSize, measure
from seqbench.plan.work import Work, work_of

X = jnp.zeros((3, 4))


def size_of(
    cell: str, *, width: int = 6, length: int = 9, model: str = "stacked", depth: int | None = None, skip: int = 0
) -> ModelSize:
    """The size of a model that reads one of 13 symbols at each of `length + 1` steps, and names one of 8."""
    settings = training_settings(cell, 32, length, width, budget=1)
    if model != "stacked":
        kept = {name: setting.default for name, setting in catalogue.settings("models", model).items()}
        settings["model"] = {"name": model, "settings": {**kept, "width": width}}
    if depth is not None:
        settings["model"]["settings"]["depth"] = depth
    if skip:
        settings["mitigations"].append({"name": "skip_in_time", "settings": {"steps": skip, "mode": "add"}})
    return measure(structure_of(assemble(settings)))


def test_a_product_counts_its_multiplications_and_a_function_what_it_is_taken_of() -> None:
    assert work_of(lambda x: x @ jnp.ones((4, 5)), X) == Work(products=3 * 4 * 5, results=3 * 5, largest=15)
    assert work_of(lambda x: jnp.tanh(x) + 2 * x, X) == Work(functions=12, results=12, largest=12)
    assert work_of(lambda x: x + x * x, X) == Work()
    assert work_of(lambda x: x.at[0].add(1.0), X) == Work(results=12, largest=12)
    assert work_of(lambda x: jnp.tanh(jnp.cumsum(x, axis=0)[:1]), X) == Work(functions=4, results=16, largest=12)


def test_products_of_batches_and_convolutions_count_what_each_number_is_the_sum_of() -> None:
    batches = jax.ShapeDtypeStruct((2, 3, 4), jnp.float32)
    assert work_of(lambda a: a @ jnp.swapaxes(a, 1, 2), batches).products == 2 * 3 * 3 * 4
    # 7 places of 6 features, each of 3 places of 2 features; in two groups of 3 features, each of 3 places of one
    signal, kernel = jax.ShapeDtypeStruct((1, 2, 9), jnp.float32), jax.ShapeDtypeStruct((6, 2, 3), jnp.float32)
    assert work_of(lambda x, k: jax.lax.conv(x, k, (1,), "VALID"), signal, kernel).products == 7 * 6 * 3 * 2
    narrow = jax.ShapeDtypeStruct((6, 1, 3), jnp.float32)
    grouped = partial(jax.lax.conv_general_dilated, window_strides=(1,), padding="VALID", feature_group_count=2)
    assert work_of(grouped, signal, narrow).products == 7 * 6 * 3


def test_loops_of_a_fixed_number_of_steps_count_as_often_as_they_run_and_others_once() -> None:
    def loop(x):
        return jax.lax.scan(lambda at, _: (jnp.sin(at), jnp.exp(at)), x, None, length=10)

    assert work_of(loop, X) == Work(functions=240, results=240, largest=12)
    assert work_of(lambda x: jax.lax.fori_loop(0, 5, lambda _, at: jnp.tanh(at), x), X).functions == 60

    def open_ended(x):
        return jax.lax.while_loop(lambda at: jnp.exp(at[0, 0]) < 9, lambda at: jnp.tanh(at @ at.T) @ at, x)

    assert work_of(open_ended, X) == Work(products=2 * 36, functions=9, results=9 + 9 + 12, largest=12)


def test_a_function_with_a_derivative_of_its_own_counts_once_and_a_branch_as_the_larger() -> None:
    @jax.custom_vjp
    def own(x):
        return jnp.tanh(x)

    own.defvjp(lambda x: (jnp.exp(jnp.tanh(x)), x), lambda x, cotangent: (jnp.cos(x) * cotangent,))
    assert work_of(jax.jit(own), X).functions == 12
    assert work_of(jax.checkpoint(own), X).functions == 12
    assert work_of(lambda x: jax.lax.cond(x[0, 0] > 0, lambda: jnp.tanh(jnp.exp(x)), lambda: x), X).functions == 24


@pytest.mark.parametrize(("cell", "blocks", "functions"), [("vanilla", 1, 1), ("gru", 3, 3), ("lstm", 4, 5)])
def test_a_time_step_of_a_cell_is_its_kernels_and_its_functions(cell: str, blocks: int, functions: int) -> None:
    size = size_of(cell)
    kernels, read_out = (13 + 1 + 6) * blocks * 6, 6 * 8 + 8  # inputs, a bias and states; classes and a bias each
    assert size.products == kernels + read_out
    assert (size.functions, size.layers, size.outputs) == (functions * 6, 1, 6)


def test_a_skip_in_time_adds_its_products_and_no_function() -> None:
    plain, skipping = size_of("lstm"), size_of("lstm", skip=3)
    assert skipping.products - plain.products == 6 * 4 * 6
    assert (skipping.functions, skipping.reach) == (plain.functions, 3)


def test_a_matrix_that_is_made_once_a_pass_counts_as_the_product_it_is() -> None:
    # The orthogonal matrix of 6 units is made of fewer numbers, and a step still multiplies by all 36.
    assert size_of("orthogonal").products == 36 + 13 * 6 + 6 * 8 + 8


def test_layers_alike_count_each_for_itself_and_a_remedy_around_a_cell_with_it() -> None:
    one, three = size_of("gru"), size_of("gru", depth=3)
    kernels = (6 + 1 + 6) * 3 * 6
    assert (three.products - one.products, three.functions) == (2 * kernels, 3 * one.functions)
    both = size_of("gru", model="bidirectional")
    assert (both.layers, both.functions) == (2, 2 * one.functions)


def test_a_cell_that_keeps_something_in_itself_is_counted_as_it_is_trained() -> None:
    model = structure_of(assemble(training_settings("vanilla", 32, 9, 6, budget=1)))
    built = nnx.merge(model.graph, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), model.shapes))
    [layer] = recurrent_layers(built).values()
    layer.cell = Watched(layer.cell)
    graph, shapes = nnx.split(built)
    found = measure(model._replace(graph=graph, shapes=jax.eval_shape(lambda: shapes)))
    assert found.functions == 6


class Watched(CellWrapper):
    """A cell that notes in a variable of its own how many steps it has taken."""

    def __init__(self, inner) -> None:
        super().__init__(inner)
        self.taken = nnx.Variable(jnp.zeros((), jnp.int32))

    def initial(self, batch_size):
        return self.inner.initial(batch_size)

    def output(self, carry):
        return self.inner.output(carry)

    def step(self, carry, projected):
        self.taken[...] += 1
        return self.inner.step(carry, projected)


def test_a_model_without_loops_counts_what_all_steps_take_together() -> None:
    # 10 steps of 13 symbols are 130 inputs of the first of 10 layers.
    size = size_of("none", model="feedforward")
    assert size.layers == 0
    assert size.products == pytest.approx((130 * 6 + 9 * 6 * 6 + 6 * 8) / 10, abs=1)
    assert size.functions == 10 * 6 / 10
    # 4 heads in each of 2 layers compare every pair of steps: an exponential a step for each of 30 more steps.
    short, long = (size_of("none", width=8, length=length, model="transformer") for length in (9, 39))
    assert long.functions - short.functions == 2 * 4 * 30
    # A bag multiplies little, and still adds up the symbols of every step.
    assert size_of("none", model="bag_mlp").states >= 2 * 13


def test_deeper_transformers_need_more_memory_to_train_and_no_more_to_evaluate() -> None:
    two, six = (size_of("none", width=8, length=99, model="transformer", depth=depth) for depth in (2, 6))
    trained, evaluated = ([pass_bytes(size, 100, 32, kept=kept) for size in (two, six)] for kept in (2, 1))
    assert 2.5 < trained[1] / trained[0] < 3
    assert evaluated[0] == evaluated[1] < trained[0]
    # Scores of 4 heads for every pair of steps are the largest.
    assert evaluated[0] == 4 * 32 * 3 * 4 * 100 * 100
