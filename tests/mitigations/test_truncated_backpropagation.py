import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.lstm import lstm
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import Recurrent
from seqbench.mitigations.base import LayerContext, chain
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.mitigations.truncated_backpropagation import truncated_backpropagation


def layer_with(window, rngs, *, skip=False, cell=None):
    links = chain(truncated_backpropagation(window=window), *([skip_in_time(steps=3)] if skip else []))
    layer = Recurrent(links.cell(cell or gru())(2, 3, rngs))
    return links.layer(layer, LayerContext(0, 2, 3, 1, rngs))


def influence(layer, steps, *, reverse=False):
    """Norm of the gradient of the last output read by each input."""
    layer.reverse = reverse
    inputs = jax.random.normal(jax.random.key(0), (1, steps, 2))
    last = 0 if reverse else -1
    return np.linalg.norm(jax.grad(lambda x: layer(x)[0, last].sum())(inputs)[0], axis=-1)


@pytest.mark.parametrize("skip", [False, True], ids=["plain", "with_skip_in_time"])
@pytest.mark.parametrize("cell", [gru(), lstm()], ids=["gru", "lstm"])
def test_no_gradient_comes_from_an_earlier_window(rngs, skip, cell):
    # Windows of 4 are the steps 0 to 3, 4 to 7 and 8 to 9.
    reached = influence(layer_with(4, rngs, skip=skip, cell=cell), 10)
    assert np.all(reached[:8] == 0)
    assert np.all(reached[8:] > 0)


def test_a_dependency_of_the_window_or_longer_gets_exactly_none(rngs):
    for length in (3, 4, 5):
        first = influence(layer_with(4, rngs), length + 1)[0]
        assert (first > 0) == (length < 4)


def test_windows_are_counted_from_the_step_read_first(rngs):
    reached = influence(layer_with(4, rngs), 10, reverse=True)
    assert np.all(reached[2:] == 0)
    assert np.all(reached[:2] > 0)


def test_the_values_stay_as_they_are_and_a_wide_window_cuts_nothing(rngs):
    plain = Recurrent(gru()(2, 3, rngs))
    inputs = jax.random.normal(jax.random.key(0), (2, 7, 2))
    expected, gradient = plain(inputs), jax.grad(lambda x: plain(x)[:, -1].sum())(inputs)
    cut = truncated_backpropagation(window=2).layer(plain, LayerContext(0, 2, 3, 1, rngs))
    np.testing.assert_allclose(cut(inputs), expected, rtol=1e-6)
    cut.cell.window = 7
    np.testing.assert_allclose(jax.grad(lambda x: cut(x)[:, -1].sum())(inputs), gradient, rtol=1e-5, atol=1e-8)


def test_every_layer_of_a_model_is_cut(trainer):
    # The task's first symbol is answered four steps later: with windows of 4 no gradient reaches the first step.
    def first_step(window):
        made = trainer(truncated_backpropagation(window=window))
        model = nnx.merge(made.program.graph, made.initial().parameters)
        batch = made.task.sample(jax.random.key(0), 2)
        taps = jax.grad(lambda taps: jnp.sum(model(batch, taps=taps)))(model.taps(*batch.mask.shape))
        return [float(jnp.abs(layer[0]).max()) for layer in taps]

    assert first_step(4) == [0, 0]
    assert min(first_step(5)) > 0


def test_zero_is_off_bit_for_bit(is_baseline):
    assert is_baseline(truncated_backpropagation(window=0))


def test_a_window_that_makes_no_sense_is_refused():
    with pytest.raises(Incompatible, match="window of 0"):
        truncated_backpropagation(window=-1)
