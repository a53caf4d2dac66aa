"""The orthogonal, chrono and forget-bias initialisations, on cells built by hand."""

import numpy as np
import pytest

from seqbench.cells.gru import gru
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lstm import lstm
from seqbench.cells.mgu import mgu
from seqbench.cells.minlstm import minlstm
from seqbench.cells.slstm import slstm
from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.mitigations.base import chain
from seqbench.mitigations.chrono_init import chrono_init
from seqbench.mitigations.forget_bias_init import forget_bias_init
from seqbench.mitigations.orthogonal_init import orthogonal, orthogonal_init


def initialised(cell, mitigation, *, seed=0):
    chain(mitigation).initialise(cell, np.random.default_rng(seed))
    return cell


def biases(cell, name):
    return np.asarray(cell.bias[...])[cell.block(name)]


def test_every_block_becomes_orthogonal_and_differs(rngs):
    cell = initialised(lstm()(2, 4, rngs), orthogonal_init(scale=2.0))
    blocks = [np.asarray(cell.recurrent_kernel[...])[:, cell.block(name)] for name in cell.blocks]
    for block in blocks:
        np.testing.assert_allclose(block @ block.T, 4 * np.eye(4), atol=1e-5)
    assert not np.allclose(blocks[0], blocks[1])


def test_or_only_the_candidate(rngs):
    plain = gru()(2, 4, rngs)
    before = np.array(plain.recurrent_kernel[...])
    after = np.asarray(initialised(plain, orthogonal_init(blocks="candidate")).recurrent_kernel[...])
    np.testing.assert_array_equal(after[:, :8], before[:, :8])
    np.testing.assert_allclose(after[:, 8:].T @ after[:, 8:], np.eye(4), atol=1e-6)


def test_orthogonal_matrices_are_drawn_without_preference():
    # Of a uniform orthogonal matrix each entry has mean 0 and variance 1 / n.
    drawn = np.stack([orthogonal(np.random.default_rng(seed), 3) for seed in range(2000)])
    assert np.abs(drawn.mean(0)).max() < 4 / np.sqrt(3 * 2000)
    assert np.abs(drawn.var(0) - 1 / 3).max() < 0.03


def test_chrono_spreads_the_forget_gates_of_an_lstm_over_the_time_scales(rngs):
    cell = initialised(lstm()(1, 400, rngs), chrono_init(longest=101.0))
    forget, other = biases(cell, "forget"), biases(cell, "input")
    np.testing.assert_array_equal(forget, -other)
    scales = np.exp(forget)
    assert scales.min() >= 1
    assert scales.max() <= 100
    # Uniform in [1, 100]: mean 50.5, standard deviation 99 / sqrt(12).
    assert abs(scales.mean() - 50.5) < 4 * 99 / np.sqrt(12 * 400)
    np.testing.assert_array_equal(biases(cell, "output"), 0)
    np.testing.assert_array_equal(biases(cell, "candidate"), 0)


@pytest.mark.parametrize(("build", "gate", "sign"), [(gru(), "update", 1), (mgu(), "forget", -1)], ids=["gru", "mgu"])
def test_chrono_opens_or_shuts_the_gate_that_keeps(rngs, build, gate, sign):
    cell = initialised(build(1, 50, rngs), chrono_init(longest=20.0))
    keep = sign * biases(cell, gate)
    assert keep.min() >= 0
    assert keep.max() <= np.log(19)
    assert keep.std() > 0.1
    assert all(np.all(biases(cell, name) == 0) for name in cell.blocks if name != gate)


@pytest.mark.parametrize(
    ("build", "gate", "value"),
    [(lstm(), "forget", 3.0), (gru(), "update", 3.0), (mgu(), "forget", -3.0)],
    ids=["lstm", "gru", "mgu"],
)
def test_the_gate_that_keeps_gets_its_bias(rngs, build, gate, value):
    cell = initialised(build(2, 3, rngs), forget_bias_init(value=3.0))
    for name in cell.blocks:
        np.testing.assert_array_equal(biases(cell, name), value if name == gate else 0)


@pytest.mark.parametrize("value", [-2.0, 1.0, 5.0])
def test_gates_that_are_weighed_against_each_other_keep_as_much_as_one_alone(rngs, value):
    cell = initialised(minlstm()(2, 3, rngs), forget_bias_init(value=value))
    kept = cell.gates(np.zeros((1, 3)), np.asarray(cell.bias[...])[None])["forget"]
    np.testing.assert_allclose(kept, 1 / (1 + np.exp(-value)), rtol=1e-6)


def test_an_exponential_gate_keeps_as_much_as_a_sigmoid_gate_would(rngs):
    cell = initialised(slstm(forget_gate="exponential")(2, 3, rngs), forget_bias_init(value=3.0))
    np.testing.assert_allclose(np.exp(biases(cell, "forget")), 1 / (1 + np.exp(-3.0)), rtol=1e-6)
    cell = initialised(slstm(forget_gate="exponential")(1, 400, rngs), chrono_init(longest=101.0))
    kept = np.exp(biases(cell, "forget"))
    assert kept.max() < 1, "old values do not outgrow new ones"
    np.testing.assert_allclose(kept / (1 - kept), np.exp(-biases(cell, "input")), rtol=1e-3)


@pytest.mark.parametrize("mitigation", [chrono_init(), forget_bias_init()])
def test_a_cell_without_gates_is_refused(rngs, mitigation):
    with pytest.raises(Incompatible, match="Vanilla has none"):
        initialised(vanilla()(2, 3, rngs), mitigation)


def test_a_cell_without_a_free_matrix_is_refused(rngs):
    with pytest.raises(Incompatible, match="diagonal"):
        initialised(indrnn()(2, 3, rngs), orthogonal_init())


@pytest.mark.parametrize(
    "make",
    [
        lambda: orthogonal_init(scale=0.0),
        lambda: chrono_init(longest=2.0),
        lambda: chrono_init(longest=float("inf")),
        lambda: forget_bias_init(value=float("inf")),
    ],
)
def test_settings_that_make_no_sense_are_refused(make):
    with pytest.raises(Incompatible, match="needs"):
        make()
