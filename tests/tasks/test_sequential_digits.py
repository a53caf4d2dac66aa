"""Images: who is in which part, and that the answer is in the pixels alone."""

import jax
import numpy as np

from seqbench.tasks.sequential_digits import PIXELS, sequential_digits, split_images


def test_parts_share_no_image_and_are_balanced() -> None:
    training, validation, test = split_images(False)
    assert [len(part.digits) for part in (training, validation, test)] == [1197, 300, 300]
    everything = np.concatenate([part.pixels for part in (training, validation, test)])
    assert len(np.unique(everything, axis=0)) == 1797
    for part in (validation, test):
        assert (np.bincount(part.digits) == 30).all()


def test_permuted_images_are_the_same_images() -> None:
    plain, permuted = split_images(False)[0], split_images(True)[0]
    assert (plain.pixels != permuted.pixels).any()
    np.testing.assert_array_equal(np.sort(plain.pixels, axis=1), np.sort(permuted.pixels, axis=1))


def test_samplers_stay_in_their_part_and_only_the_pixels_tell() -> None:
    task = sequential_digits(PIXELS + 2)
    parts = split_images(False)
    for sampler, part in zip((task.sample, task.validation, task.test), parts, strict=True):
        batch = sampler(jax.random.key(1), 32)
        known = {tuple(image): digit for image, digit in zip(part.pixels, part.digits, strict=True)}
        shown = np.asarray(batch.inputs)[..., 0]
        assert [known[tuple(row[:PIXELS])] for row in shown] == batch.targets[:, 0].tolist()
        assert len(np.unique(shown[:, PIXELS:])) == 64, "noise is drawn again"
    answers = np.asarray(task.oracle(batch)).argmax(-1)
    moved = batch._replace(inputs=np.roll(shown, 1, axis=0)[..., None])
    np.testing.assert_array_equal(np.asarray(task.oracle(moved)).argmax(-1), np.roll(answers, 1, axis=0))
