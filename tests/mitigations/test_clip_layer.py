import jax
import numpy as np
import pytest
from flax import nnx

from seqbench.errors import Incompatible
from seqbench.mitigations.clip_layer import clip_layer, layer_of


def test_each_layer_is_rescaled_by_its_own_norm(apply_gradient):
    # Layer 0 has norm 5 (over both of its parameters), layer 1 norm 0.5, the read-out norm 10.
    gradient = {"layers": {0: {"a": [3.0], "b": [4.0]}, 1: {"a": [0.5]}}, "readout": {"a": [6.0], "b": [8.0]}}
    clipped = apply_gradient(clip_layer(threshold=1), gradient)
    np.testing.assert_allclose([clipped["layers"][0]["a"], clipped["layers"][0]["b"]], [[0.6], [0.8]], rtol=1e-6)
    np.testing.assert_array_equal(clipped["layers"][1]["a"], [0.5])
    np.testing.assert_allclose([clipped["readout"]["a"], clipped["readout"]["b"]], [[0.6], [0.8]], rtol=1e-6)


def test_the_layers_of_a_model_are_its_stack_and_its_readout(trainer):
    program = trainer().program
    layers = {layer_of(path) for path, _ in jax.tree.leaves_with_path(program.shapes)}
    assert layers == {("layers", 0), ("layers", 1), ("readout",)}
    assert isinstance(program.shapes, nnx.State)


def test_infinity_is_off_bit_for_bit(is_baseline):
    assert is_baseline(clip_layer(threshold=float("inf")))


def test_a_threshold_that_makes_no_sense_is_refused():
    with pytest.raises(Incompatible, match="threshold above 0"):
        clip_layer(threshold=0.0)
