"""Pascanu's fallback for a gradient that is not finite or too long, by hand and in training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.cells.indrnn import indrnn
from seqbench.contracts.trainer import Trainer
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation, chain
from seqbench.mitigations.clip_global_norm import clip_global_norm
from seqbench.mitigations.pascanu_fallback import pascanu_fallback
from seqbench.training.state import DIVERGED_IN


def tree(recurrent, other, readout):
    """Parameters of one layer and a read-out, or their gradient."""
    cell = {"recurrent_kernel": jnp.array(recurrent), "input_kernel": jnp.array(other), "bias": jnp.array(other)}
    return {"layers": [{"cell": cell}], "readout": {"kernel": jnp.array(readout)}}


def replaced(gradient):
    """The gradient after the fallback, of parameters whose recurrent matrix is [1, -2]."""
    parameters = tree([1.0, -2.0], [3.0], [5.0])
    transform = pascanu_fallback().gradient({"limit": jnp.float32(1e10), "share": jnp.float32(0.02)})
    return transform.update(gradient, transform.init(parameters), parameters)[0]


@pytest.mark.parametrize(
    ("recurrent", "readout"),
    [([np.nan, 1.0], 1.0), ([1.0, 1.0], np.inf), ([1.0, 1.0], -np.inf), ([2e10, 1.0], 1.0), ([8e9, 8e9], 1.0)],
    ids=["nan", "infinite", "minus infinite", "too long", "too long together"],
)
def test_such_a_gradient_becomes_a_share_of_the_recurrent_matrix(recurrent, readout):
    found = replaced(tree(recurrent, [0.5], [readout]))
    for path, leaf in jax.tree.leaves_with_path(found):
        expected = [0.02, -0.04] if "recurrent_kernel" in jax.tree_util.keystr(path) else 0
        np.testing.assert_allclose(leaf, expected, rtol=1e-6)


def test_any_other_gradient_stays_as_it_is():
    gradient = tree([9e9, 1.0], [0.5], [-3e9])
    assert jax.tree.all(jax.tree.map(np.array_equal, replaced(gradient), gradient))


def not_a_number():
    """A penalty of 0 whose gradient is not a number: d sqrt(x) / dx at x = 0, times 0."""
    return Mitigation(penalty=lambda _, forward: jnp.sqrt(0 * sum(map(jnp.sum, jax.tree.leaves(forward.parameters)))))


def named(parameters):
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in jax.tree.leaves_with_path(parameters)}


def test_without_it_a_gradient_that_is_not_a_number_is_divergence():
    state, _ = Trainer(not_a_number()).train()
    assert (state.diverged_at, DIVERGED_IN[int(state.diverged_in)]) == (1, "gradient")


def test_with_it_training_goes_on_and_every_step_is_counted():
    # A gradient that is not a number passes a clip as it is.
    made = Trainer(not_a_number(), clip_global_norm(threshold=10.0), pascanu_fallback())
    begin, (end, sums) = named(made.initial().parameters), made.train(steps=4, learning_rate=0.5)
    assert (end.diverged_at, end.step, sums.steps) == (0, 4, 4)
    for name, after in named(end.parameters).items():
        # Gradient descent: U <- U - 0.5 * 0.02 U in each of four steps, and nothing else moves.
        factor = 0.99**4 if "recurrent_kernel" in name else 1
        np.testing.assert_allclose(after, factor * begin[name], rtol=1e-5)
    _, clip, fallback = sums.links
    assert fallback == {"steps_changed": 4, "gradient_changed": 4}
    assert clip == {"steps_changed": 0, "gradient_changed": 0}
    assert sums.gradient_norm == np.inf
    assert (sums.clipped_steps, sums.shrink_factor) == (4, 0)


def test_it_never_acts_on_a_gradient_that_it_trusts(is_baseline):
    assert is_baseline(pascanu_fallback())


def test_a_cell_without_a_recurrent_matrix_is_refused():
    with pytest.raises(Incompatible, match="diagonal"):
        Trainer(pascanu_fallback(), cell=indrnn())


def test_a_chain_mends_if_one_of_its_links_does():
    assert chain(clip_global_norm(), pascanu_fallback()).mends
    assert not chain(clip_global_norm()).mends
