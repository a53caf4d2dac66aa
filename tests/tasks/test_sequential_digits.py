"""Images: who is in which part, and that the answer is in the pixels alone."""

import math

import jax
import numpy as np
import pytest

from seqbench import grid_folder
from seqbench.contracts.base import DoesNotApply
from seqbench.contracts.tasks import CHECKS, Subject
from seqbench.errors import Incompatible
from seqbench.tasks._image_file import image_file
from seqbench.tasks.sequential_digits import PIXELS, content, sequential_digits, split_images

HEIGHT, WIDTH = 3, 4


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Forty different images of 3 x 4 pixels, of three classes of which one is rare."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, HEIGHT, WIDTH), dtype=np.uint8)
    classes = np.array([0, 1, 0, 1, 0, 2, 0, 1] * 5, np.uint8)
    return {"x_train": images[:24], "y_train": classes[:24], "x_test": images[24:], "y_test": classes[24:]}


def saved(folder, arrays, name: str = "own.npz") -> str:
    np.savez(folder / name, **arrays)
    return str(folder / name)


def test_parts_share_no_image_and_are_balanced() -> None:
    training, validation, test = split_images(False)
    assert [len(part.classes) for part in (training, validation, test)] == [1197, 300, 300]
    everything = np.concatenate([part.pixels for part in (training, validation, test)])
    assert len(np.unique(everything, axis=0)) == 1797
    for part in (validation, test):
        assert (np.bincount(part.classes) == 30).all()


def test_permuted_images_are_the_same_images() -> None:
    plain, permuted = split_images(False)[0], split_images(True)[0]
    assert (plain.pixels != permuted.pixels).any()
    np.testing.assert_array_equal(np.sort(plain.pixels, axis=1), np.sort(permuted.pixels, axis=1))


def test_samplers_stay_in_their_part_and_only_the_pixels_tell() -> None:
    task = sequential_digits(PIXELS + 2)
    parts = split_images(False)
    for sampler, part in zip((task.sample, task.validation, task.test), parts, strict=True):
        batch = sampler(jax.random.key(1), 32)
        known = {tuple(image): digit for image, digit in zip(part.pixels, part.classes, strict=True)}
        shown = np.asarray(batch.inputs)[..., 0]
        assert [known[tuple(row[:PIXELS])] for row in shown] == batch.targets[:, 0].tolist()
        assert len(np.unique(shown[:, PIXELS:])) == 64, "noise is drawn again"
    answers = np.asarray(task.oracle(batch)).argmax(-1)
    moved = batch._replace(inputs=np.roll(shown, 1, axis=0)[..., None])
    np.testing.assert_array_equal(np.asarray(task.oracle(moved)).argmax(-1), np.roll(answers, 1, axis=0))


def test_a_file_of_images_keeps_the_contract(tmp_path, arrays) -> None:
    subject = Subject(sequential_digits, {"images": saved(tmp_path, arrays)})
    for check in CHECKS:
        try:
            check(subject)
        except DoesNotApply:
            continue
    assert subject.task.length == HEIGHT * WIDTH
    assert subject.task.trivial == 1 / 2
    assert subject.task.trivial_loss == pytest.approx(math.log(2) / 2 + 3 / 8 * math.log(8 / 3) + math.log(8) / 8)


def test_the_parts_of_a_file_share_no_image_and_the_test_images_are_its_own(tmp_path, arrays) -> None:
    parts = image_file(saved(tmp_path, arrays))
    assert [len(part.classes) for part in parts] == [22, 2, 16]
    np.testing.assert_array_equal(parts.test.pixels, arrays["x_test"].reshape(16, -1))
    known = np.concatenate([parts.training.pixels, parts.validation.pixels])
    assert {tuple(row) for row in known} == {tuple(row) for row in arrays["x_train"].reshape(24, -1)}
    batch = sequential_digits(14, images=str(tmp_path / "own.npz")).test(jax.random.key(0), 8)
    shown = np.rint(np.asarray(batch.inputs)[:, :12, 0] * 255)
    answers = {tuple(row): label for row, label in zip(parts.test.pixels, parts.test.classes, strict=True)}
    assert [answers[tuple(row)] for row in shown] == batch.targets[:, 0].tolist()


def test_permuted_images_of_a_file_have_one_order_of_their_pixels(tmp_path, arrays) -> None:
    name = saved(tmp_path, arrays)
    plain, permuted = (
        np.asarray(sequential_digits(12, permuted=permuted, images=name).test(jax.random.key(1), 8).inputs)[..., 0]
        for permuted in (False, True)
    )
    order = [np.flatnonzero((column == plain.T).all(1)).item() for column in permuted.T]
    assert sorted(order) == list(range(12))
    assert order != sorted(order)


def test_numbers_from_0_to_1_and_flat_images_are_read_as_they_are(tmp_path, arrays) -> None:
    for part in ("x_train", "x_test"):
        arrays[part] = (arrays[part] / 255).reshape(-1, 12)
    task = sequential_digits(12, images=saved(tmp_path, arrays))
    shown = np.asarray(task.test(jax.random.key(0), 4).inputs)[..., 0]
    known = {tuple(row) for row in arrays["x_test"].astype(np.float32)}
    assert all(tuple(row) in known for row in shown)


def test_identity_is_the_content_of_the_file_wherever_it_is_found(tmp_path, arrays, monkeypatch) -> None:
    (tmp_path / "grids").mkdir()
    here = saved(tmp_path, arrays)
    monkeypatch.chdir(tmp_path)
    assert content(images="") == ""
    first = content(images=here)
    assert content(images="own.npz") == first
    arrays["y_test"] = arrays["y_test"][::-1].copy()
    saved(tmp_path / "grids", arrays)
    monkeypatch.setattr(grid_folder, "_folder", [str(tmp_path / "grids")])
    assert content(images="own.npz") != first, "the file beside the grid goes before that of the current folder"
    assert content(images=here) == first


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y_train": None}, "cannot be read.*y_train"),
        ({"x_test": np.zeros((16, 5, 5), np.uint8)}, "another size"),
        ({"y_test": np.zeros(3, np.uint8)}, "x_test of shape .* and y_test of shape"),
        ({"y_test": np.full(16, 0.5)}, "not whole numbers"),
        ({"y_test": np.zeros(16, np.uint8)}, "two classes"),
        ({"y_test": np.eye(16, dtype=np.uint8)[0]}, "94% of the test images .* are of one class"),
        ({"x_train": np.full((24, 3, 4), 256)}, "pixels in x_train"),
        ({"x_train": np.full((24, 3, 4), np.nan)}, "pixels in x_train"),
        ({"x_train": np.full((24, 3, 4), None, object)}, "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(tmp_path, arrays, change, said) -> None:
    changed = {name: value for name, value in (arrays | change).items() if value is not None}
    with pytest.raises(Incompatible, match=said):
        sequential_digits(12, images=saved(tmp_path, changed))


def test_no_file_and_no_archive_are_refused_with_a_sentence(tmp_path) -> None:
    with pytest.raises(Incompatible, match=r"cannot read the images 'none\.npz'"):
        sequential_digits(12, images="none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(Incompatible, match="cannot be read"):
        sequential_digits(12, images=str(tmp_path / "text.npz"))
    with pytest.raises(Incompatible, match="cannot"):
        content(images=str(tmp_path))
