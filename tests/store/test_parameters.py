"""Parameters come back to the bit, or not at all."""

import hashlib

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.errors import StoreError
from seqbench.store.parameters import load_parameters, parameters_path, save_parameters

TREE = {"layers": {0: {"kernel": jnp.asarray([[1 / 3, np.nan], [-0.0, 1e-45]])}}, "bias": jnp.arange(3)}


@pytest.fixture
def kept(tmp_path):
    path = parameters_path(tmp_path, "ab12")
    return path, save_parameters(path, TREE)


def test_arrays_come_back_to_the_bit_in_their_places(kept):
    path, digest = kept
    read = load_parameters(path, TREE, sha256=digest)
    assert read.keys() == TREE.keys()
    assert np.asarray(TREE["layers"][0]["kernel"]).tobytes() == read["layers"][0]["kernel"].tobytes()
    np.testing.assert_array_equal(read["bias"], [0, 1, 2])
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == {"layers/0/kernel", "bias"}


def test_the_same_arrays_are_the_same_file(kept, tmp_path):
    assert save_parameters(tmp_path / "again.npz", TREE) == kept[1]
    assert save_parameters(tmp_path / "other.npz", {**TREE, "bias": jnp.arange(3) + 1}) != kept[1]


def test_a_flipped_bit_is_damage(kept):
    path, digest = kept
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match="damaged"):
        load_parameters(path, TREE, sha256=digest)


@pytest.mark.parametrize(
    "like",
    [
        {**TREE, "bias": jnp.arange(4)},
        {**TREE, "bias": jnp.arange(3.0)},
        {"bias": TREE["bias"]},
        {**TREE, "more": TREE["bias"]},
    ],
    ids=["shape", "type", "fewer", "more"],
)
def test_another_model_is_refused(kept, like):
    path, digest = kept
    with pytest.raises(StoreError, match="another model"):
        load_parameters(path, like, sha256=digest)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"absent\.npz cannot be read"):
        load_parameters(tmp_path / "absent.npz", TREE, sha256="")


def test_nothing_that_could_run_is_loaded(tmp_path):
    path = tmp_path / "pickled.npz"
    np.savez(path, bias=np.asarray([{"a": 1}], dtype=object))
    with pytest.raises(StoreError, match="holds the arrays of another model"):
        load_parameters(path, TREE, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
