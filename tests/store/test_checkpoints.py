"""A checkpoint comes back to the bit, or not at all."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.store.checkpoints import begun, checkpoint_path, load_checkpoint, save_checkpoint

TREE = {"state": (jnp.asarray([[1 / 3, np.nan], [-0.0, 1e-45]]), jnp.asarray(7, jnp.int32)), "none": None}
FACTS = {"curve": [{"loss": 0.1 + 0.2, "bad": math.nan, "worse": -math.inf}], "seconds": 1e-300}


@pytest.fixture
def path(tmp_path):
    path = checkpoint_path(tmp_path, "ab12")
    save_checkpoint(path, TREE, FACTS, owner="ab12 here")
    return path


def test_it_comes_back_to_the_bit(path, tmp_path):
    tree, facts = load_checkpoint(path, TREE, owner="ab12 here")
    assert tree["state"][0].tobytes() == np.asarray(TREE["state"][0]).tobytes()
    assert (tree["state"][1], tree["state"][1].dtype) == (7, np.int32)
    assert repr(facts) == repr(FACTS)
    assert begun(tmp_path) == {"ab12"}


def test_it_belongs_to_one_trial_in_one_environment_and_of_one_model(path, tmp_path):
    assert load_checkpoint(path, TREE, owner="ab12 elsewhere") is None
    assert load_checkpoint(tmp_path / "absent", TREE, owner="ab12 here") is None
    assert load_checkpoint(path, {"state": TREE["state"][0]}, owner="ab12 here") is None
    other = {**TREE, "state": (TREE["state"][0][:1], TREE["state"][1])}
    assert load_checkpoint(path, other, owner="ab12 here") is None


def test_every_flipped_bit_and_every_cut_is_noticed(path):
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << place % 8]) + sound[place + 1 :])
        assert load_checkpoint(path, TREE, owner="ab12 here") is None
        path.write_bytes(sound[:place])
        assert load_checkpoint(path, TREE, owner="ab12 here") is None
    path.write_bytes(sound)
    assert load_checkpoint(path, TREE, owner="ab12 here") is not None
