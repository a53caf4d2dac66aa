"""Archives: the same tree back to the bit, and nothing larger or other than what was asked for."""

import io
import zipfile

import numpy as np
import pytest

from seqbench.store.archive import LARGEST_TEXT, PER_ARRAY, BadArchive, pack, unpack

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
    size = LARGEST_TEXT + 5 * PER_ARRAY
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("kernel.npy", bytes(size))
    assert len(small.getvalue()) < size / 500
    with pytest.raises(BadArchive, match=f"unpacks to {size:,} bytes"):
        unpack(small.getvalue(), TREE)


def archive_of(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    """What stands before the values of an array that claims this shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (2**31, 2**31), (2, 2, 10**9)])
def test_an_array_that_claims_to_be_larger_than_asked_for_is_refused_before_room_is_made_for_it(shape):
    data = archive_of(("kernel.npy", header(shape) + bytes(16)), ("steps.npy", header((), "<i4") + bytes(4)))
    with pytest.raises(BadArchive, match="another model"):
        unpack(data, TREE)


def test_a_text_that_claims_to_be_larger_than_it_is_is_refused():
    arrays = ("kernel.npy", header((2, 2)) + bytes(16)), ("steps.npy", header((), "<i4") + bytes(4))
    assert unpack(archive_of(*arrays, ("/text.npy", header((3,), "|u1") + b"abc")), TREE).text == "abc"
    with pytest.raises(BadArchive, match="another model"):
        unpack(archive_of(*arrays, ("/text.npy", header((10**12,), "|u1") + b"abc")), TREE)


def test_what_is_compressed_or_given_twice_is_refused():
    arrays = ("kernel.npy", header((2, 2)) + bytes(16)), ("steps.npy", header((), "<i4") + bytes(4))
    assert unpack(archive_of(*arrays), TREE).tree["steps"] == 0
    with pytest.raises(BadArchive, match="is compressed"):
        unpack(archive_of(*arrays, compression=zipfile.ZIP_DEFLATED), TREE)
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = archive_of(*arrays, arrays[0])
    with pytest.raises(BadArchive, match="another model"):
        unpack(twice, TREE)


def test_whatever_is_tampered_with_is_read_or_refused_and_nothing_else():
    sound, generator = pack(TREE, "where it stood"), np.random.default_rng(0)
    refused, read = 0, []
    for _ in range(2000):
        data = bytearray(sound)
        for place in generator.integers(0, len(sound), size=generator.integers(1, 5)):
            data[place] = generator.integers(256)
        try:
            read.append(unpack(bytes(data), TREE).tree)
        except BadArchive:
            refused += 1
    assert refused > len(read) > 0
    shapes = {name: (np.shape(leaf), np.asarray(leaf).dtype) for name, leaf in TREE.items()}
    assert all({name: (leaf.shape, leaf.dtype) for name, leaf in tree.items()} == shapes for tree in read)


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive", pack(TREE)[:-10]])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(BadArchive, match="no archive"):
        unpack(data, TREE)


def test_a_pickled_object_is_never_loaded():
    archive = io.BytesIO()
    np.savez(archive, kernel=np.asarray([print], object), allow_pickle=True)
    with pytest.raises(BadArchive):
        unpack(archive.getvalue(), TREE)
