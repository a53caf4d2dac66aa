import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.mitigations.gradient_noise import gradient_noise


def noise(step, *, key=0, variance=4.0, decay=0.5):
    arrays = {"variance": jnp.float32(variance), "decay": jnp.float32(decay), "key": jax.random.key(key)}
    zeros = {"a": jnp.zeros(20_000), "b": jnp.zeros(20_000)}
    return gradient_noise().gradient(arrays).update(zeros, jnp.int32(step))


@pytest.mark.parametrize(("step", "variance"), [(0, 4.0), (3, 2.0), (99, 0.4)])
def test_the_variance_fades_as_the_formula_says(step, variance):
    drawn, taken = noise(step)
    assert taken == step + 1
    for entries in drawn.values():
        assert abs(np.var(entries) / variance - 1) < 4 * np.sqrt(2 / entries.size)
        assert abs(np.mean(entries)) < 4 * np.sqrt(variance / entries.size)
    assert abs(np.corrcoef(drawn["a"], drawn["b"])[0, 1]) < 4 / np.sqrt(20_000)


def test_the_key_decides_what_is_drawn():
    assert np.array_equal(noise(0)[0]["a"], noise(0)[0]["a"])
    assert not np.array_equal(noise(0)[0]["a"], noise(0, key=1)[0]["a"])


def test_noise_follows_the_seed_and_is_new_in_every_step(trainer):
    noisy = trainer(gradient_noise(variance=1.0))
    first, again, other = (jax.tree.leaves(noisy.train(seed=seed)[0].parameters)[0] for seed in (11, 11, 12))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_zero_is_off_bit_for_bit(is_baseline):
    assert is_baseline(gradient_noise(variance=0.0))
    assert not is_baseline(gradient_noise(variance=1e-6))


@pytest.mark.parametrize("settings", [{"variance": -1.0}, {"decay": -1.0}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(Incompatible, match="0 or more"):
        gradient_noise(**settings)
