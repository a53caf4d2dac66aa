import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.mitigations.clip_value import clip_value

INFINITY = float("inf")


def test_each_entry_is_clipped_on_its_own(apply_gradient):
    gradient = {"a": [[-30.0, 3.0], [25.0, 26.0]], "b": [0.0, -25.5]}
    clipped = apply_gradient(clip_value(threshold=25), gradient)
    np.testing.assert_array_equal(clipped["a"], [[-25, 3], [25, 25]])
    np.testing.assert_array_equal(clipped["b"], [0, -25])


def test_it_may_turn_the_gradient(apply_gradient):
    clipped = apply_gradient(clip_value(threshold=1), {"a": [3.0, 0.5]})
    np.testing.assert_array_equal(clipped["a"], [1, 0.5])


def test_infinity_is_off_bit_for_bit(is_baseline):
    assert is_baseline(clip_value(threshold=INFINITY))


def test_a_binding_threshold_changes_the_training_and_is_counted(is_baseline, trainer):
    assert not is_baseline(clip_value(threshold=1e-3))
    _, sums = trainer(clip_value(threshold=1e-3)).train()
    assert sums.clipped_steps == sums.steps == 4
    assert 0 < sums.clipped_entries / 4 < 1


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_a_threshold_that_makes_no_sense_is_refused(threshold):
    with pytest.raises(Incompatible, match="threshold above 0"):
        clip_value(threshold=threshold)
