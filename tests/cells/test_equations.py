"""Every other cell against its paper's equations, written again as plain NumPy loops over one sequence in float64.

Column-vector form, as the papers have it: a kernel [I, H] of the cell is the transpose of a paper's matrix.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.antisymmetric import antisymmetric
from seqbench.cells.cornn import cornn
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lru import lru
from seqbench.cells.lstm import lstm
from seqbench.cells.mgu import mgu
from seqbench.cells.mingru import mingru
from seqbench.cells.minlstm import minlstm
from seqbench.cells.orthogonal import orthogonal
from seqbench.cells.slstm import slstm
from seqbench.errors import Incompatible
from seqbench.layers.unroll import unroll

STEPS, INPUTS, HIDDEN = 6, 3, 4


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gates(p, x, h, count):
    """W x + U h + b, cut into `count` blocks."""
    return np.split(p["input_kernel"].T @ x + p["recurrent_kernel"].T @ h + p["bias"], count)


def peephole_lstm_by_hand(p, xs):
    c = h = np.zeros(HIDDEN)
    for x in xs:
        i, f, g, o = gates(p, x, h, 4)
        previous, (p_i, p_f, p_o) = c, p["peephole_weights"]
        c = sigmoid(f + p_f * previous) * previous + sigmoid(i + p_i * previous) * np.tanh(g)
        h = sigmoid(o + p_o * c) * np.tanh(c)
        yield h


def mgu_by_hand(p, xs):
    (w_f, w_h), (u_f, u_h), (b_f, b_h) = (np.split(p[k].T, 2) for k in ("input_kernel", "recurrent_kernel", "bias"))
    h = np.zeros(HIDDEN)
    for x in xs:
        f = sigmoid(w_f @ x + u_f @ h + b_f)
        h = (1 - f) * h + f * np.tanh(w_h @ x + u_h @ (f * h) + b_h)
        yield h


def mingru_by_hand(p, xs):
    h = np.zeros(HIDDEN)
    for x in xs:
        update, candidate = np.split(p["input_kernel"].T @ x + p["bias"], 2)
        h = (1 - sigmoid(update)) * h + sigmoid(update) * candidate
        yield h


def minlstm_by_hand(p, xs):
    h = np.zeros(HIDDEN)
    for x in xs:
        i, f, candidate = np.split(p["input_kernel"].T @ x + p["bias"], 3)
        i, f = sigmoid(i), sigmoid(f)
        h = f / (f + i) * h + i / (f + i) * candidate
        yield h


def indrnn_by_hand(p, xs):
    h = np.zeros(HIDDEN)
    for x in xs:
        h = np.maximum(0, p["input_kernel"].T @ x + np.clip(p["recurrent_weights"], -0.8, 0.8) * h + p["bias"])
        yield h


def antisymmetric_by_hand(p, xs):
    h, free = np.zeros(HIDDEN), p["free_kernel"]
    for x in xs:
        h = h + 0.3 * np.tanh((free - free.T - 0.2 * np.eye(HIDDEN)) @ h + p["input_kernel"].T @ x + p["bias"])
        yield h


def orthogonal_by_hand(p, xs):
    skew = np.zeros((HIDDEN, HIDDEN))
    skew[np.triu_indices(HIDDEN, 1)] = p["skew"]
    skew -= skew.T
    h, matrix = np.zeros(HIDDEN), np.linalg.inv(np.eye(HIDDEN) + skew) @ (np.eye(HIDDEN) - skew)
    for x in xs:
        z = p["input_kernel"].T @ x + matrix @ h
        h = np.sign(z) * np.maximum(0, np.abs(z) + p["bias"])
        yield h


def cornn_by_hand(p, xs):
    y = z = np.zeros(HIDDEN)
    for x in xs:
        force = np.tanh(p["recurrent_kernel"].T @ y + p["velocity_kernel"].T @ z + p["input_kernel"].T @ x + p["bias"])
        z = z + 0.1 * (force - 3.0 * y - 2.0 * z)
        y = y + 0.1 * z
        yield y


def slstm_by_hand(p, xs):
    """Without the stabiliser: the exponentials as they stand in the paper."""
    c = n = h = np.zeros(HIDDEN)
    for x in xs:
        i, f, z, o = gates(p, x, h, 4)
        c = sigmoid(f) * c + np.exp(i) * np.tanh(z)
        n = sigmoid(f) * n + np.exp(i)
        h = sigmoid(o) * c / n
        yield h


def exponential_slstm_by_hand(p, xs):
    c = n = h = np.zeros(HIDDEN)
    for x in xs:
        i, f, z, o = gates(p, x, h, 4)
        c, n = np.exp(f) * c + np.exp(i) * np.tanh(z), np.exp(f) * n + np.exp(i)
        h = sigmoid(o) * c / n
        yield h


def lru_by_hand(p, xs):
    real, imaginary, direct = np.split(p["input_kernel"].T, 3)
    eigenvalues = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"]))
    c = (p["output_kernel"][0] + 1j * p["output_kernel"][1]).T
    state = np.zeros(HIDDEN, complex)
    for u in xs:
        state = eigenvalues * state + np.exp(p["log_gamma"]) * ((real + 1j * imaginary) @ u)
        yield (c @ state).real + direct @ u


CASES = {
    "lstm with peepholes": (lstm(peepholes=True), peephole_lstm_by_hand),
    "mgu": (mgu(), mgu_by_hand),
    "mingru": (mingru(), mingru_by_hand),
    "minlstm": (minlstm(), minlstm_by_hand),
    "indrnn": (indrnn(bound=0.8), indrnn_by_hand),
    "antisymmetric": (antisymmetric(step_size=0.3, damping=0.2), antisymmetric_by_hand),
    "orthogonal": (orthogonal(), orthogonal_by_hand),
    "cornn": (cornn(time_step=0.1, stiffness=3.0, damping=2.0), cornn_by_hand),
    "slstm": (slstm(), slstm_by_hand),
    "slstm with exponential forget gate": (slstm(forget_gate="exponential"), exponential_slstm_by_hand),
    "lru": (lru(activation="none"), lru_by_hand),
}


@pytest.mark.parametrize("name", CASES)
def test_cell_is_its_papers_equations(name):
    builder, by_hand = CASES[name]
    graph, state = nnx.split(builder(INPUTS, HIDDEN, nnx.Rngs(0)))
    draw = np.random.default_rng(4)
    state = jax.tree.map(lambda x: np.asarray(x) + draw.normal(0, 0.5, x.shape).astype(np.float32), state)
    xs = draw.normal(size=(STEPS, INPUTS)).astype(np.float32)
    given = jax.jit(lambda state, xs: unroll(nnx.merge(graph, state), xs[None], parallel=False).outputs[0])(state, xs)
    parameters = {name: np.asarray(value, float) for name, value in nnx.to_pure_dict(state).items()}
    np.testing.assert_allclose(given, list(by_hand(parameters, xs.astype(float))), atol=1e-5, rtol=1e-5)


def test_orthogonal_matrix_is_orthogonal_and_starts_as_rotations_by_at_most_a_right_angle():
    matrix = np.asarray(orthogonal()(INPUTS, 6, nnx.Rngs(1)).recurrent_matrix())
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(6), atol=1e-6)
    assert np.max(np.abs(np.angle(np.linalg.eigvals(matrix)))) <= np.pi / 2


def test_antisymmetric_eigenvalues_are_damped_and_imaginary():
    eigenvalues = np.linalg.eigvals(antisymmetric(damping=0.2)(INPUTS, HIDDEN, nnx.Rngs(1)).recurrent_matrix())
    np.testing.assert_allclose(eigenvalues.real, -0.2, atol=1e-6)


def test_lru_starts_on_its_ring_with_states_the_size_of_the_input():
    cell = lru(lowest_radius=0.4, highest_radius=0.8)(INPUTS, 200, nnx.Rngs(1))
    radius = np.abs(cell.eigenvalues())
    assert 0.4 <= radius.min() < 0.42 < 0.78 < radius.max() <= 0.8
    np.testing.assert_allclose(np.exp(cell.log_gamma[...]), np.sqrt(1 - radius**2), rtol=1e-5)


def test_slstm_outlives_gates_whose_exponentials_overflow():
    cell = slstm(forget_gate="exponential")(1, 1, nnx.Rngs(0))
    cell.bias[...] = np.asarray([200.0, 100.0, 0.5, 100.0], np.float32)
    cell.input_kernel[...] *= 0
    cell.recurrent_kernel[...] *= 0
    # Every new value outweighs the last by exp(100), so that h is the newest candidate through an open gate.
    outputs = unroll(cell, np.ones((1, 3, 1), np.float32)).outputs
    np.testing.assert_allclose(outputs, np.tanh(0.5), rtol=1e-6)


def test_minlstm_with_both_gates_shut_does_not_divide_by_zero():
    cell = minlstm()(1, 1, nnx.Rngs(0))
    # log sigmoid(-200) = -200 and log sigmoid(-202) = -202: the state keeps sigmoid(2) of itself.
    kept = cell.step(np.ones((1, 1), np.float32), np.asarray([[-202.0, -200.0, 0.0]], np.float32))
    np.testing.assert_allclose(kept, sigmoid(2.0), rtol=1e-6)


def test_forget_bias_is_set_on_the_forget_gate_alone():
    for builder in (lstm(forget_bias=3.0), minlstm(forget_bias=3.0), slstm(forget_bias=3.0)):
        cell = builder(INPUTS, HIDDEN, nnx.Rngs(0))
        expected = np.repeat([3.0 * (name == "forget") for name in cell.blocks], HIDDEN)
        np.testing.assert_array_equal(cell.bias[...], expected)


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (indrnn, {"lowest": 1.0, "highest": 0.5}),
        (indrnn, {"bound": 0.0}),
        (antisymmetric, {"step_size": 0.0}),
        (cornn, {"time_step": -1.0}),
        (lru, {"highest_radius": 1.0}),
        (lru, {"highest_phase": 0.0}),
    ],
)
def test_settings_that_make_no_sense_are_refused(function, settings):
    with pytest.raises(Incompatible, match=function.__name__):
        function(**settings)
