import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.mitigations._norms import global_norm
from seqbench.mitigations.clip_global_norm import clip_global_norm

INFINITY = float("inf")


def test_the_whole_gradient_is_rescaled_together(apply_gradient):
    # ||(3, 4, 12)|| = 13, so a threshold of 6.5 halves every entry.
    clipped = apply_gradient(clip_global_norm(threshold=6.5), {"a": [3.0, 4.0], "b": [[12.0]]})
    np.testing.assert_allclose(clipped["a"], [1.5, 2], rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], [[6]], rtol=1e-6)


@pytest.mark.parametrize("threshold", [13.0, 13.1])
def test_a_gradient_within_the_threshold_passes_untouched(apply_gradient, threshold):
    clipped = apply_gradient(clip_global_norm(threshold=threshold), {"a": [3.0, 4.0], "b": [12.0]})
    np.testing.assert_array_equal(clipped["a"], [3, 4])
    np.testing.assert_array_equal(clipped["b"], [12])


def test_a_gradient_whose_square_overflows_is_still_rescaled(apply_gradient):
    clipped = apply_gradient(clip_global_norm(threshold=5), {"a": [3e25, -4e25]})
    np.testing.assert_allclose(clipped["a"], [3, -4], rtol=1e-6)


def test_a_gradient_that_is_not_finite_stays_visible(apply_gradient):
    clipped = apply_gradient(clip_global_norm(threshold=1), {"a": [np.nan, 1.0]})
    assert np.isnan(clipped["a"][0])


def test_the_norm_of_nothing_is_nothing():
    assert global_norm({"a": jnp.zeros(3)}) == 0


def test_infinity_is_off_bit_for_bit(is_baseline):
    assert is_baseline(clip_global_norm(threshold=INFINITY))


def test_what_was_clipped_is_counted(trainer):
    _, sums = trainer(clip_global_norm(threshold=0.01)).train()
    assert sums.clipped_steps == sums.steps == 4
    assert sums.gradient_norm / 4 > 0.01
    np.testing.assert_allclose(sums.gradient_norm_after / 4, 0.01, rtol=1e-5)


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_a_threshold_that_makes_no_sense_is_refused(threshold):
    with pytest.raises(Incompatible, match="threshold above 0"):
        clip_global_norm(threshold=threshold)
