"""What proves that a remedy acted, on numbers worked by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.lstm import lstm
from seqbench.cells.mgu import mgu
from seqbench.cells.minlstm import minlstm
from seqbench.cells.slstm import slstm
from seqbench.mitigations.base import chain
from seqbench.mitigations.clip_backpropagated import clip_backpropagated
from seqbench.mitigations.residual import residual
from seqbench.mitigations.residual_recurrence import residual_recurrence
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.mitigations.truncated_backpropagation import truncated_backpropagation
from seqbench.probes import action
from seqbench.probes.base import look
from tests.probes.conftest import first_number, linear, look_at

trace = jax.jit(lambda *case: action.trace(look_at(*case)), static_argnums=(0, 1))


def with_weight(weight: float):
    return lambda cell: cell.recurrent_kernel.set_value(jnp.full((1, 1), weight))


def figures(case) -> dict[str, float]:
    found = action.rows(trace(*case), length=case.task.length)
    return {r["probe"]: r["value"] for r in found if r["distance"] is None}


def skip_share(case) -> dict[int, float]:
    rows = action.rows(trace(*case), length=case.task.length)
    return {r["distance"]: r["value"] for r in rows if r["probe"] == "skip_share"}


@pytest.mark.parametrize(
    ("matrix", "identity", "orthogonal", "radius"),
    [
        ([[1, 0], [0, 1]], 0, 0, 1),
        ([[0, -1], [1, 0]], np.sqrt(4 / 2), 0, 1),  # a quarter turn: orthogonal, and far from the identity
        ([[2, 0], [0, 2]], 1, 3, 2),
        ([[0, 5], [0, 0]], np.sqrt(27 / 2), np.sqrt((1 + 24**2) / 2), 0),  # stretches, yet forgets in two steps
    ],
)
def test_the_recurrent_matrix_is_measured_against_identity_and_orthogonality(
    case, matrix, identity, orthogonal, radius
):
    one = case(linear(), task=first_number(3), width=2,
               set_cell=lambda cell: cell.recurrent_kernel.set_value(jnp.array(matrix, jnp.float32)))  # fmt: skip
    found = figures(one)
    assert found["from_identity"] == pytest.approx(identity)
    assert found["from_orthogonal"] == pytest.approx(orthogonal)
    assert found["spectral_radius"] == pytest.approx(radius, abs=1e-6)
    assert found["parameter_norm"] == pytest.approx(
        np.sqrt(sum(np.sum(np.square(leaf)) for leaf in jax.tree.leaves(one.parameters)))
    )


def test_gates_shut_and_opened_by_their_bias_are_read_as_such(case):
    def set_gates(cell):
        cell.input_kernel.set_value(jnp.zeros_like(cell.input_kernel[...]))
        cell.recurrent_kernel.set_value(jnp.zeros_like(cell.recurrent_kernel[...]))
        # input, forget, candidate, output of two units
        cell.bias.set_value(jnp.array([-20.0, 20, 1, 3, 0, 0, 0, 20]))

    found = figures(case(lstm(), task=first_number(6, shortest=3), width=2, set_cell=set_gates))
    assert found["gate_input"] == pytest.approx(0.5)
    assert found["gate_input_saturated"] == 1
    assert found["gate_forget"] == pytest.approx((1 / (1 + np.exp(-1)) + 1 / (1 + np.exp(-3))) / 2)
    assert found["gate_forget_saturated"] == 0.5  # 0.73 is not, 0.95 is
    assert found["gate_output_saturated"] == 0.5
    assert found["retention"] == found["gate_forget"]


@pytest.mark.parametrize("cell", [gru, mgu, minlstm, slstm, lambda: lstm(peepholes=True)])
def test_gates_are_those_of_the_step(cell):
    """The state kept: how far a step moves with the memory that it multiplies, gates and candidates held."""
    made = cell()(2, 3, nnx.Rngs(0))
    if hasattr(made, "peephole_weights"):
        made.peephole_weights.set_value(jax.random.normal(jax.random.key(4), (3, 3)))
    carry = made.initial(4)
    for step in range(3):
        projected = made.project(jax.random.normal(jax.random.key(step), (4, 2)))
        before, gates = carry, made.gates(carry, projected)
        carry = made.step(carry, projected)
    name, sign = made.retention
    kept = gates[name] if sign > 0 else 1 - gates[name]
    pre = projected
    if not made.fixed_recurrence:
        pre = pre + made.output(before) @ made.recurrent_kernel[...]
    block = made.block("candidate")
    match type(made).__name__:
        case "GRU":
            r = gates["reset"]
            inside = made.output(before) @ made.recurrent_kernel[...][:, block] + made.candidate_bias[...]
            expected = kept * before + (1 - kept) * jnp.tanh(projected[:, block] + r * inside)
            found = carry
        case "MGU":
            inside = (gates["forget"] * before) @ made.recurrent_kernel[...][:, block]
            expected, found = kept * before + (1 - kept) * jnp.tanh(projected[:, block] + inside), carry
        case "MinLSTM":
            expected, found = kept * before + (1 - kept) * projected[:, block], carry
        case "SLSTM":
            expected = kept * before.c / before.n + (1 - kept) * jnp.tanh(pre[:, block])
            found = carry.c / carry.n
        case "LSTM":
            expected = gates["output"] * jnp.tanh(kept * before.c + gates["input"] * jnp.tanh(pre[:, block]))
            found = carry.h
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_share_of_a_skip_in_time_is_that_of_the_paths_over_it(case):
    def set_recurrence(cell):
        cell.inner.recurrent_kernel.set_value(jnp.full((1, 1), 0.5))
        cell.skip_kernel.set_value(jnp.full_like(cell.skip_kernel[...], 0.3))

    shares = skip_share(case(linear(), skip_in_time(steps=2), task=first_number(4), set_cell=set_recurrence))
    # Paths over k steps: all steps of one (0.5 each), or with skips over two (0.3 each).
    skipping = {0: 0.0, 1: 0.0, 2: 0.3, 3: 2 * 0.5 * 0.3, 4: 3 * 0.5**2 * 0.3 + 0.3**2}
    for distance, by_skip in skipping.items():
        assert shares[distance] == pytest.approx(by_skip / (by_skip + 0.5**distance), rel=1e-5)


def test_the_share_of_a_residual_is_what_goes_round_the_layer(case):
    one = case(linear(), residual(), task=first_number(3), depth=2, set_cell=with_weight(0.5))
    model = nnx.merge(one.graph, one.parameters)
    upper = model.layers[1].inner.cell
    weight, recurrent = float(upper.input_kernel[0, 0]), float(upper.recurrent_kernel[0, 0])
    shares = skip_share(one)
    for distance in range(4):
        # Round the upper layer the gradient meets only the lower one; through it, either layer at each step.
        around = 0.5**distance
        through = weight * sum(0.5**n * recurrent ** (distance - n) for n in range(distance + 1))
        assert shares[distance] == pytest.approx(abs(around) / (abs(around) + abs(through)), rel=1e-4)


def test_a_model_without_skip_paths_has_no_share(case):
    assert skip_share(case(linear(), task=first_number(3))) == {}


def by_remedy(case) -> dict[tuple[str, int], dict[int, float]]:
    """Shares by distance, of each figure and remedy."""
    found: dict[tuple[str, int], dict[int, float]] = {}
    for r in action.rows(trace(*case), length=case.task.length):
        if "remedy" in r:
            found.setdefault((r["probe"], r["remedy"]), {})[r["distance"]] = r["value"]
    return found


def test_each_path_has_a_share_of_its_own(case):
    def set_recurrence(cell):
        cell.inner.inner.recurrent_kernel.set_value(jnp.full((1, 1), 0.5))
        cell.inner.skip_kernel.set_value(jnp.full_like(cell.inner.skip_kernel[...], 0.3))
        cell.skip_kernel.set_value(jnp.full_like(cell.skip_kernel[...], 0.2))

    one = case(linear(), skip_in_time(steps=2), skip_in_time(steps=3), task=first_number(3), set_cell=set_recurrence)
    shares = by_remedy(one)
    assert set(shares) == {("path_share", 0), ("path_share", 1)}
    # Paths over three steps: 0.5^3 without skips, 2 * 0.5 * 0.3 by the first and 0.2 by the second.
    whole = 0.5**3 + 2 * 0.5 * 0.3 + 0.2
    assert shares["path_share", 0][3] == pytest.approx(0.3 / whole, rel=1e-5)
    assert shares["path_share", 1][3] == pytest.approx(0.2 / whole, rel=1e-5)
    assert shares["path_share", 1][2] == 0
    assert skip_share(one)[3] == pytest.approx(0.5 / whole, rel=1e-5)


def test_the_state_that_a_residual_recurrence_adds_to_is_its_path(case):
    shares = skip_share(case(linear(), residual_recurrence(), task=first_number(3),
                             set_cell=lambda cell: with_weight(0.5)(cell.inner)))  # fmt: skip
    for distance in range(4):  # each step passes on 1 of itself and 0.5 by its matrix
        assert shares[distance] == pytest.approx(1 - 0.5**distance / 1.5**distance, rel=1e-5)


def test_truncation_holds_back_all_that_lies_before_its_window_and_nothing_in_it(case):
    one = case(linear(), truncated_backpropagation(window=3), task=first_number(4),
               set_cell=lambda cell: with_weight(0.5)(cell.inner))  # fmt: skip
    # Five steps: a window of steps 0 to 2 and one of 3 and 4.
    assert by_remedy(one) == {("share_held_back", 0): {0: 0, 1: 0, 2: 1, 3: 1, 4: 1}}
    assert skip_share(one) == {}


def test_what_clipping_of_the_backpropagated_gradient_holds_back_by_hand(case):
    one = case(linear(), clip_backpropagated(threshold=1.0), task=first_number(2), batch_size=1,
               set_cell=lambda cell: with_weight(4.0)(cell.inner))  # fmt: skip
    free = by_remedy(one)
    assert free == {("share_held_back", 0): {0: 0, 1: 0, 2: 0}}  # no threshold is bound
    graph, parameters = one.graph, one.parameters

    def build(own):
        model = nnx.merge(graph, own)
        chain(clip_backpropagated(threshold=1e-3)).bind(model, ({"threshold": 1e-3},))
        return model

    view = look(one.task, build, parameters, one.batch)
    arriving = abs(float(trace_free(view)))
    made = action.rows(action.trace(view), length=2)
    shares = {r["distance"]: r["value"] for r in made if r["probe"] == "share_held_back"}
    # Without the clip the gradient grows by 4 a step; with it 0.001 goes on from each state and 0.004 arrives.
    assert shares[1] == pytest.approx((4 * arriving - 4e-3) / (4 * arriving), rel=1e-4)
    assert shares[2] == pytest.approx((16 * arriving - 4e-3) / (16 * arriving), rel=1e-4)


def trace_free(view):
    """The gradient that arrives at the last state of a sequence, which no clip has met yet."""
    [(leaves, _)] = view.layers(view.arriving)
    return leaves[0][-1, 0, 0]
