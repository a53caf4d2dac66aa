"""Archives: the same tree back to the bit, and nothing larger or other than what was asked for."""

import io
import zipfile

import numpy as np
import pytest

from seqbench.store.archive import HEADER, LARGEST_TEXT, BadArchive, pack, unpack

TREE = {"kernel": np.asarray([[1 / 3, np.nan], [-0.0, 1e-45]], np.float32), "steps": np.asarray(7, np.int32)}


def test_a_tree_and_a_text_come_back_to_the_bit():
    contents = unpack(pack(TREE, "where it stood"), TREE)
    assert contents.text == "where it stood"
    assert contents.tree["kernel"].tobytes() == TREE["kernel"].tobytes()
    assert contents.tree["steps"] == 7
    assert unpack(pack(TREE), TREE).text == ""


@pytest.mark.parametrize("other", [{"kernel": TREE["kernel"]}, {**TREE, "steps": np.asarray(7.0)}, {**TREE, "more": 1}])
def test_another_tree_is_refused(other):
    with pytest.raises(BadArchive, match="another model"):
        unpack(pack(other), TREE)


def test_a_small_file_that_unpacks_to_more_is_refused_before_it_is_unpacked():
    size = LARGEST_TEXT + 3 * HEADER
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("kernel.npy", bytes(size))
    assert len(small.getvalue()) < size / 500
    with pytest.raises(BadArchive, match=f"unpacks to {size:,} bytes"):
        unpack(small.getvalue(), TREE)


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive", pack(TREE)[:-10]])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(BadArchive, match="no archive"):
        unpack(data, TREE)


def test_a_pickled_object_is_never_loaded():
    archive = io.BytesIO()
    np.savez(archive, kernel=np.asarray([print], object), allow_pickle=True)
    with pytest.raises(BadArchive):
        unpack(archive.getvalue(), TREE)
