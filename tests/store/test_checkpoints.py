"""A checkpoint comes back to the bit, or is refused with the reason."""

import hashlib
import json
import math

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.store.archive import pack
from seqbench.store.checkpoints import (
    DIGEST,
    FORMAT,
    Facts,
    UnusableCheckpoint,
    begun,
    checkpoint_path,
    load_checkpoint,
    save_checkpoint,
)

TREE = {"state": (jnp.asarray([[1 / 3, np.nan], [-0.0, 1e-45]]), jnp.asarray(7, jnp.int32)), "none": None}
CURVE = ({"step": 10, "train_loss": 0.1 + 0.2, "validation_loss": math.nan, "worse": -math.inf},)
FACTS = Facts(CURVE, ({"step": 10, "probe": "p", "value": 1 / 3},), 1e-300, 0.0)


@pytest.fixture
def path(tmp_path):
    path = checkpoint_path(tmp_path, "ab12")
    save_checkpoint(path, TREE, FACTS, owner="ab12 here")
    return path


def write(path, **changes):
    """A checkpoint whose text is that of a sound one with changes; None takes a key away."""
    text = {"format": FORMAT, "owner": "ab12 here", "facts": vars(FACTS)} | changes
    data = pack(TREE, json.dumps({key: value for key, value in text.items() if value is not None}))
    path.write_bytes(hashlib.sha256(data).digest() + data)


def test_it_comes_back_to_the_bit(path, tmp_path):
    tree, facts = load_checkpoint(path, TREE, owner="ab12 here")
    assert tree["state"][0].tobytes() == np.asarray(TREE["state"][0]).tobytes()
    assert (tree["state"][1], tree["state"][1].dtype) == (7, np.int32)
    assert repr(facts) == repr(FACTS)
    assert begun(tmp_path) == {"ab12"}


def test_it_belongs_to_one_trial_in_one_environment_and_of_one_model(path, tmp_path):
    with pytest.raises(UnusableCheckpoint, match="another environment"):
        load_checkpoint(path, TREE, owner="ab12 elsewhere")
    with pytest.raises(UnusableCheckpoint, match="cannot be read"):
        load_checkpoint(tmp_path / "absent", TREE, owner="ab12 here")
    other = {**TREE, "state": (TREE["state"][0][:1], TREE["state"][1])}
    for like in ({"state": TREE["state"][0]}, other):
        with pytest.raises(UnusableCheckpoint, match="not of this model"):
            load_checkpoint(path, like, owner="ab12 here")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": None}, f"has format 0, and this version of seqbench reads {FORMAT}"),
        ({"format": FORMAT + 1}, f"has format {FORMAT + 1}"),
        ({"owner": None}, "the shape of another version"),
        ({"facts": None}, "the shape of another version"),
        ({"facts": {"curve": [], "probes": [], "seconds": 1.0}}, "the shape of another version"),
        ({"facts": "none"}, "the shape of another version"),
        ({"facts": [1]}, "the shape of another version"),
        *(
            ({"facts": vars(FACTS) | facts}, "the shape of another version")
            for facts in (
                {"curve": [1]},
                {"curve": [{}]},
                {"curve": [{"step": None}]},
                {"curve": [{"step": 10, "train_loss": "low"}]},
                {"curve": 1},
                {"probes": [{}]},
                {"probes": [{"step": 10, "probe": None, "value": 1.0}]},
                {"seconds": None},
                {"seconds": -1.0},
                {"more": 1},
            )
        ),
    ],
)
def test_another_format_or_an_incomplete_shape_is_refused_with_the_reason(changes, reason, path):
    write(path)
    assert load_checkpoint(path, TREE, owner="ab12 here").facts.seconds == FACTS.seconds
    write(path, **changes)
    with pytest.raises(UnusableCheckpoint, match=reason):
        load_checkpoint(path, TREE, owner="ab12 here")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "[" * 100_000, "1" * 5000, "null", "[]", "\ud800"])
def test_a_text_that_no_checkpoint_has_is_refused(text, path):
    data = pack(TREE, text.encode("utf-8", "replace").decode())
    path.write_bytes(hashlib.sha256(data).digest() + data)
    with pytest.raises(UnusableCheckpoint):
        load_checkpoint(path, TREE, owner="ab12 here")


def test_a_file_that_is_larger_than_the_model_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UnusableCheckpoint, match=r"cannot be read .it has 1,099,511,627,776 bytes, where"):
        load_checkpoint(path, TREE, owner="ab12 here")


def test_every_flipped_bit_and_every_cut_is_noticed(path):
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        flipped = sound[:place] + bytes([sound[place] ^ 1 << place % 8]) + sound[place + 1 :]
        for damaged in (flipped, sound[:place]):
            path.write_bytes(damaged)
            with pytest.raises(UnusableCheckpoint, match="failed its checksum"):
                load_checkpoint(path, TREE, owner="ab12 here")
    path.write_bytes(sound)
    assert len(sound) > DIGEST
    assert load_checkpoint(path, TREE, owner="ab12 here").facts.probes == FACTS.probes
