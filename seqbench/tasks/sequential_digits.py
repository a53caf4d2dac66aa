"""Name a handwritten digit that is read pixel by pixel, then buried under noise.

Each of 1,797 images has 8 x 8 pixels, read row by row (or in one fixed random order), one pixel in [0, 1] a step.
Random pixels follow up to `length` steps in all; then the digit must be named.

A worked example (the first image begins with 5 dark-to-light grey pixels between blank ones; length 67):

    0  0  0.31  0.81  0.56  0.06  0  0  ...  0.63  0  0  0  | 0.17  0.94  0.52   ->  0

`length` is the number of steps from the first pixel up to and including the read-out, at least 64; the last pixel
stands `length` - 64 steps before the read-out. Training, validation and test draw from 1,197, 300 and 300 different
images; the noise alone would not make an image new. In the last two every digit is equally frequent: chance and the
trivial score are 1/10. A trial counts as solved at an accuracy of 0.9.

Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits" (UCI), as bundled with scikit-learn; pixel
by pixel and permuted as in Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified linear
units".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Criterion, Task, certain, full_mask, one_of

PIXELS = 64
CLASSES = 10
HELD_OUT = 30
"""Images of each digit in the validation part, and as many in the test part."""


class Images(NamedTuple):
    """Images [N, 64] with pixels in [0, 1], and their digits [N]."""

    pixels: np.ndarray
    digits: np.ndarray


def sequential_digits(length: PositiveInt = 64, permuted: bool = False) -> Task:
    """Handwritten digits over `length` steps: 64 pixels, in their order or in one random order, then noise."""
    if length < PIXELS:
        raise Incompatible(
            f"sequential_digits shows {PIXELS} pixels, so its length must be at least that, not {length}."
        )
    training, validation, test = split_images(permuted)
    return Task(
        **one_of(CLASSES),
        sample=sampler(training, length),
        validation=sampler(validation, length),
        test=sampler(test, length),
        oracle=lambda batch: certain(recognise(batch.inputs, permuted), CLASSES),
        inputs=1,
        length=length,
        steps=length,
        symbolic=False,
        criterion=Criterion("accuracy", 0.9),
        diffuse=True,
    )


def sampler(images: Images, length: int) -> Callable[[Key[Array, ""], int], Batch]:
    """A sampler of images that are read pixel by pixel, with noise up to `length` steps."""

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        image_key, noise_key = jax.random.split(key)
        chosen = jax.random.randint(image_key, (batch_size,), 0, len(images.digits))
        noise = jax.random.uniform(noise_key, (batch_size, length - PIXELS))
        pixels = jnp.asarray(images.pixels)[chosen]
        return Batch(
            inputs=jnp.concatenate([pixels, noise], axis=1)[..., None],
            targets=jnp.asarray(images.digits)[chosen][:, None],
            mask=full_mask(batch_size, length),
            weights=jnp.ones((batch_size, 1)),
            distance=jnp.full((batch_size, 1), length - 1),
        )

    return sample


def recognise(inputs: Float[Array, "B T 1"], permuted: bool) -> Int[Array, "B 1"]:
    """The digit of the known image that is nearest to the pixels."""
    pixels, digits = (jnp.asarray(np.concatenate(field)) for field in zip(*split_images(permuted), strict=True))
    differences = jnp.sum(jnp.abs(inputs[:, None, :PIXELS, 0] - pixels), axis=-1)
    return digits[jnp.argmin(differences, axis=1)][:, None]


@cache
def split_images(permuted: bool) -> tuple[Images, Images, Images]:
    """The images for training, validation and test, always the same and without a common image."""
    from sklearn.datasets import load_digits  # takes a second to import, which listing the tasks need not wait for

    bundled = load_digits()
    generator = np.random.default_rng(1998)
    order, pixel_order = generator.permutation(len(bundled.target)), generator.permutation(PIXELS)
    pixels = (bundled.data[order] / 16).astype(np.float32)
    pixels = pixels[:, pixel_order] if permuted else pixels
    digits = bundled.target[order].astype(np.int32)
    # How many images of the same digit come before each one: the first ones of every digit are held out.
    rank = np.sum(np.tri(len(digits), k=-1, dtype=bool) & (digits[:, None] == digits), axis=1)
    part = np.clip(rank // HELD_OUT, 0, 2)
    test, validation, training = (Images(pixels[part == index], digits[part == index]) for index in range(3))
    return training, validation, test
