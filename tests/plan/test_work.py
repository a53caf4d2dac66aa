"""Arithmetic that is counted in a trace, beside what it is by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from seqbench.bench.settings import training_settings
from seqbench.components import catalogue
from seqbench.components.assemble import assemble
from seqbench.components.structure import structure_of
from seqbench.plan.model_size import ModelSize, measure
from seqbench.plan.work import Work, work_of

X = jnp.zeros((3, 4))


def size_of(cell: str, *, width: int = 6, length: int = 9, model: str = "stacked", skip: int = 0) -> ModelSize:
    """The size of a model that reads one of 13 symbols at each of `length + 1` steps, and names one of 8."""
    settings = training_settings(cell, 32, length, width, budget=1)
    if model != "stacked":
        kept = {name: setting.default for name, setting in catalogue.settings("models", model).items()}
        settings["model"] = {"name": model, "settings": {**kept, "width": width}}
    if skip:
        settings["mitigations"].append({"name": "skip_in_time", "settings": {"steps": skip, "mode": "add"}})
    return measure(structure_of(assemble(settings)))


def test_a_product_counts_its_multiplications_and_a_function_what_it_is_taken_of() -> None:
    assert work_of(lambda x: x @ jnp.ones((4, 5)), X) == Work(products=3 * 4 * 5, results=3 * 5)
    assert work_of(lambda x: jnp.tanh(x) + 2 * x, X) == Work(functions=12, results=12)
    assert work_of(lambda x: x + x * x, X) == Work()


def test_products_of_batches_and_convolutions_count_what_each_number_is_the_sum_of() -> None:
    batches = jax.ShapeDtypeStruct((2, 3, 4), jnp.float32)
    assert work_of(lambda a: a @ jnp.swapaxes(a, 1, 2), batches).products == 2 * 3 * 3 * 4
    # 7 places of 5 features, each of 3 places of 2 features
    signal, kernel = jax.ShapeDtypeStruct((1, 2, 9), jnp.float32), jax.ShapeDtypeStruct((5, 2, 3), jnp.float32)
    convolved = work_of(lambda x, k: jax.lax.conv(x, k, (1,), "VALID"), signal, kernel)
    assert convolved == Work(products=7 * 5 * 3 * 2, results=7 * 5)


def test_loops_of_a_fixed_number_of_steps_count_as_often_as_they_run() -> None:
    def loop(x):
        return jax.lax.scan(lambda at, _: (jnp.sin(at), jnp.exp(at)), x, None, length=10)

    assert work_of(loop, X) == Work(functions=240, results=240)
    assert work_of(lambda x: jax.lax.fori_loop(0, 5, lambda _, at: jnp.tanh(at), x), X).functions == 60


def test_a_function_with_a_derivative_of_its_own_counts_once_and_a_branch_as_the_larger() -> None:
    @jax.custom_vjp
    def own(x):
        return jnp.tanh(x)

    own.defvjp(lambda x: (jnp.exp(jnp.tanh(x)), x), lambda x, cotangent: (jnp.cos(x) * cotangent,))
    assert work_of(jax.jit(own), X).functions == 12
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
    assert size_of("orthogonal").products >= 36 + 13 * 6


def test_a_model_without_loops_counts_what_all_steps_take_together() -> None:
    # 10 steps of 13 symbols are 130 inputs of the first of 10 layers.
    size = size_of("none", model="feedforward")
    assert size.layers == 0
    assert size.products == pytest.approx((130 * 6 + 9 * 6 * 6 + 6 * 8) / 10, abs=1)
    assert size.functions == 10 * 6 / 10
    # 4 heads in each of 2 layers compare every pair of steps: an exponential a step for each of 30 more steps.
    short, long = (size_of("none", width=8, length=length, model="transformer") for length in (9, 39))
    assert long.functions - short.functions == 2 * 4 * 30
