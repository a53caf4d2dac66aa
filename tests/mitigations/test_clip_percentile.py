import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.mitigations.clip_percentile import clip_percentile


def thresholds(percentile, norms, *, history=100):
    """Norms after clipping, given gradients of these norms one after the other."""
    mitigation = clip_percentile(percentile=percentile, history=history)
    transform = mitigation.gradient({"percentile": jnp.float32(percentile)})
    update, state, after = jax.jit(transform.update), transform.init(None), []
    for norm in norms:
        gradient, state = update({"a": jnp.array([0.6 * norm, 0.8 * norm])}, state)
        after.append(float(jnp.linalg.norm(gradient["a"])))
    return after


def test_by_hand_at_the_median():
    # Medians of 4; 4, 2; 4, 2, 8; 4, 2, 8, 1 are 4, 3, 4, 3: only 8 is above the median, which is 4 then.
    np.testing.assert_allclose(thresholds(50, [4, 2, 8, 1]), [4, 2, 4, 1], rtol=1e-6)


@pytest.mark.parametrize("percentile", [0, 10, 37.5, 90])
def test_the_whole_history_counts_and_the_newest_norm_with_it(percentile):
    norms = np.random.default_rng(0).lognormal(size=40)
    expected = [min(norm, np.percentile(norms[: t + 1], percentile)) for t, norm in enumerate(norms)]
    np.testing.assert_allclose(thresholds(percentile, norms), expected, rtol=1e-5)


def test_of_a_short_history_the_oldest_norms_are_forgotten():
    norms = np.random.default_rng(1).lognormal(size=30)
    norms[5] = norms[9]  # equal norms leave one at a time
    expected = [min(norm, np.percentile(norms[max(0, t - 6) : t + 1], 25)) for t, norm in enumerate(norms)]
    np.testing.assert_allclose(thresholds(25, norms, history=7), expected, rtol=1e-5)


@pytest.mark.parametrize("percentile", [100.0, float("inf")])
def test_a_hundred_and_more_never_clip(percentile):
    norms = np.random.default_rng(2).lognormal(size=10)
    plain = [float(jnp.linalg.norm(jnp.array([0.6 * norm, 0.8 * norm]))) for norm in norms]
    assert thresholds(percentile, norms, history=4) == plain


def test_infinity_is_off_bit_for_bit(is_baseline):
    assert is_baseline(clip_percentile(percentile=float("inf")))


@pytest.mark.parametrize("settings", [{"percentile": -1.0}, {"percentile": float("nan")}, {"history": 0}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(Incompatible, match="needs a"):
        clip_percentile(**settings)
