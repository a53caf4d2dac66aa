"""Initialisations by distribution: normal, uniform and sparse, on cells built by hand and on a whole model."""

import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lru import lru
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.mitigations.base import chain
from seqbench.mitigations.normal_init import normal_init
from seqbench.mitigations.sparse_init import sparse_init
from seqbench.mitigations.uniform_init import uniform_init
from seqbench.models.bag_linear import bag_linear
from seqbench.models.base import initialise
from seqbench.models.bidirectional import bidirectional
from seqbench.models.stacked import stacked
from seqbench.tasks.delayed_recall import delayed_recall

NAMES = ("input_kernel", "recurrent_kernel", "bias")


def started(cell, *mitigations, seed=0):
    """The cell's parameters before and after, by name."""
    before = {name: np.array(getattr(cell, name)[...]) for name in NAMES if hasattr(cell, name)}
    chain(*mitigations).initialise(cell, np.random.default_rng(seed))
    return before, {name: np.array(getattr(cell, name)[...]) for name in before}


def require_normal(values, scale):
    """Mean, standard deviation and kurtosis of a normal distribution, each within four standard errors."""
    standard, size = values.ravel() / scale, values.size
    assert abs(standard.mean()) < 4 / np.sqrt(size)
    assert abs(standard.var() - 1) < 4 * np.sqrt(2 / size)
    assert abs((standard**4).mean() - 3) < 4 * np.sqrt(96 / size)


@pytest.mark.parametrize(
    ("of", "drawn"),
    [("recurrent", {"recurrent_kernel"}), ("input", {"input_kernel"}), ("all", {"input_kernel", "recurrent_kernel"})],
)
@pytest.mark.parametrize("build", [vanilla(), lstm(), gru()], ids=["vanilla", "lstm", "gru"])
def test_normal_draws_what_it_names_with_its_standard_deviation(rngs, build, of, drawn):
    before, after = started(build(40, 50, rngs), normal_init(scale=0.01, of=of))
    for name in before:
        if name in drawn:
            require_normal(after[name], 0.01)
        else:
            np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("mitigation", [normal_init(of="input"), normal_init(of="all"), uniform_init(of="input")])
@pytest.mark.parametrize("build", [indrnn(), lru()], ids=["indrnn", "lru"])
def test_input_weights_of_a_cell_without_a_recurrent_matrix_are_drawn(rngs, build, mitigation):
    before, after = started(build(3, 4, rngs), mitigation)
    assert np.all(before["input_kernel"] != after["input_kernel"])


@pytest.mark.parametrize("mitigation", [normal_init(), uniform_init(of="recurrent"), sparse_init()])
def test_its_recurrent_matrix_is_refused(rngs, mitigation):
    with pytest.raises(Incompatible, match="diagonal"):
        started(indrnn()(2, 3, rngs), mitigation)


def require_uniform(values, bound):
    """Within the bound, and mean and variance of U(-bound, bound) within four standard errors."""
    standard, size = values.ravel() / bound, values.size
    assert np.abs(standard).max() <= 1
    assert abs(standard.mean()) < 4 / np.sqrt(3 * size)
    assert abs(standard.var() - 1 / 3) < 4 * np.sqrt((1 / 5 - 1 / 9) / size)


def test_uniform_is_pytorchs_default(rngs):
    # A layer of 64 units in PyTorch: every entry of weight_ih, weight_hh, bias_ih and bias_hh from U(-1/8, 1/8).
    _, after = started(lstm()(32, 64, rngs), uniform_init())
    require_uniform(after["input_kernel"], 1 / 8)
    require_uniform(after["recurrent_kernel"], 1 / 8)
    # bias_ih + bias_hh: a triangle up to 1/4 with twice the variance, (1/8)^2 * 2/3.
    bias = after["bias"] * 8
    assert 1.2 < np.abs(bias).max() <= 2
    assert abs(bias.var() - 2 / 3) < 4 * np.sqrt(1.0 / bias.size)


def test_a_grus_two_biases_of_the_candidate_are_drawn_apart(rngs):
    cell = gru()(2, 400, rngs)
    _, after = started(cell, uniform_init())
    candidate, inside = after["bias"][800:], np.asarray(cell.candidate_bias[...])
    require_uniform(candidate, 1 / 20)
    require_uniform(inside, 1 / 20)
    assert abs(np.corrcoef(candidate, inside)[0, 1]) < 4 / np.sqrt(400)
    assert np.abs(after["bias"][:800]).max() > 1 / 20


@pytest.mark.parametrize(("of", "bound"), [("recurrent", 2 / 5), ("input", 2 / 5)])
def test_uniform_of_one_matrix_leaves_the_rest(rngs, of, bound):
    before, after = started(vanilla()(30, 25, rngs), uniform_init(scale=2.0, of=of))
    require_uniform(after[f"{of}_kernel"], bound)
    for name in set(NAMES) - {f"{of}_kernel"}:
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("build", [vanilla(), gru()], ids=["vanilla", "gru"])
def test_sparse_rows_have_so_many_entries_and_the_matrix_its_radius(rngs, build):
    cell = build(2, 50, rngs)
    before, after = started(cell, sparse_init())
    np.testing.assert_array_equal(after["input_kernel"], before["input_kernel"])
    for name in cell.blocks:
        matrix = after["recurrent_kernel"][:, cell.block(name)].astype(float)
        np.testing.assert_array_equal((matrix != 0).sum(axis=1), 15)
        assert len(np.unique((matrix != 0).sum(axis=0))) > 1  # what arrives at a unit is not the same for all
        # Gelfand: ||M^k||^(1/k) tends to the spectral radius, found here by squaring and no eigenvalue.
        power, logarithm = matrix, 0.0
        for _ in range(12):
            norm = np.linalg.norm(power)
            power, logarithm = (power / norm) @ (power / norm), 2 * (logarithm + np.log(norm))
        assert np.exp((logarithm + np.log(np.linalg.norm(power))) / 2**12) == pytest.approx(0.95, rel=5e-3)


def test_places_of_sparse_entries_are_drawn_evenly(rngs):
    counts = sum(started(vanilla()(1, 12, rngs), sparse_init(nonzeros=3), seed=seed)[1]["recurrent_kernel"] != 0
                 for seed in range(200))  # fmt: skip
    # Each place is filled in a quarter of 200 draws: 50, with a standard deviation of 6.1.
    assert np.abs(counts - 50).max() < 5 * 6.2


def test_sparse_is_dense_where_the_layer_is_narrow(rngs):
    _, after = started(vanilla()(2, 6, rngs), sparse_init(spectral_radius=2.0))
    assert np.all(after["recurrent_kernel"] != 0)
    assert np.abs(np.linalg.eigvals(after["recurrent_kernel"])).max() == pytest.approx(2, rel=1e-5)


def readout_of(build, *mitigations, seed=0):
    """A model's read-out before and after initialisation, kernel and bias."""
    model = build(delayed_recall(4, symbols=3).interface(), chain(), nnx.Rngs(0))
    before = np.array(model.readout.kernel[...]), np.array(model.readout.bias[...])
    changes = initialise(model, chain(*mitigations), lambda place: np.random.default_rng([seed, place]))
    return before, (np.asarray(model.readout.kernel[...]), np.asarray(model.readout.bias[...])), changes


def test_all_draws_the_readout_too():
    before, (kernel, bias), changes = readout_of(stacked(vanilla(), width=100, depth=2), normal_init(of="all"))
    require_normal(kernel, 0.1)
    np.testing.assert_array_equal(bias, before[1])
    inputs = delayed_recall(4, symbols=3).inputs
    assert len(changes[0]) == (inputs + 3 * 100) * 100 + kernel.size


def test_uniform_draws_the_readout_by_the_width_that_it_reads():
    _, (kernel, bias), _ = readout_of(bidirectional(vanilla(), width=50), uniform_init())
    require_uniform(kernel, 1 / 10)
    assert 0 < np.abs(bias).max() <= 1 / 10


@pytest.mark.parametrize("of", ["recurrent", "input"])
def test_one_matrix_leaves_the_readout(of):
    before, after, _ = readout_of(stacked(vanilla(), width=5), normal_init(of=of), uniform_init(of=of))
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])


def test_the_papers_smart_tanh_is_two_in_a_row():
    build = stacked(vanilla(), width=50)
    model = build(delayed_recall(4, symbols=3).interface(), chain(), nnx.Rngs(0))
    links = chain(normal_init(scale=0.01, of="all"), sparse_init())
    initialise(model, links, lambda place: np.random.default_rng(place))
    cell = model.layers[0].cell
    require_normal(np.asarray(cell.input_kernel[...]), 0.01)
    require_normal(np.asarray(model.readout.kernel[...]), 0.01)
    recurrent = np.asarray(cell.recurrent_kernel[...])
    assert np.count_nonzero(recurrent) == 15 * 50
    assert np.abs(np.linalg.eigvals(recurrent)).max() == pytest.approx(0.95, rel=1e-4)


def test_a_model_without_the_readout_is_refused():
    model = stacked(vanilla(), width=5)(delayed_recall(4, symbols=3).interface(), chain(), nnx.Rngs(0))
    del model.readout
    with pytest.raises(Incompatible, match="Stacked has none"):
        initialise(model, chain(normal_init(of="all")), np.random.default_rng)


def test_a_model_without_cells_is_refused():
    with pytest.raises(Incompatible, match="recurrent cells"):
        bag_linear()(delayed_recall(4, symbols=3).interface(), chain(normal_init(of="all")), nnx.Rngs(0))
