"""Name a handwritten digit that is read pixel by pixel, then buried under noise.

Each of 1,797 images has 8 x 8 pixels, read row by row (or in one fixed random order), one pixel in [0, 1] a step.
Random pixels follow up to `length` steps in all; then the digit must be named.

A worked example (the first image begins with 5 dark-to-light grey pixels between blank ones; length 67):

    0  0  0.31  0.81  0.56  0.06  0  0  ...  0.63  0  0  0  | 0.17  0.94  0.52   ->  0

`length` is the number of steps from the first pixel up to and including the read-out, at least 64; the last pixel
stands `length` - 64 steps before the read-out. Training, validation and test draw from 1,197, 300 and 300 different
images; the noise alone would not make an image new. In the last two every digit is equally frequent: chance and the
trivial score are 1/10. A trial counts as solved at an accuracy of 0.9.

`images` names a file of one's own, beside the grid or in the current folder, in the form in which MNIST and its like
are commonly shipped: `.npz` with the arrays x_train, y_train, x_test and y_test, the images [N, height, width] of whole
numbers from 0 to 255 (or of numbers from 0 to 1) and the classes [N]. 28 x 28 pixels make the 784 steps of the
literature, and `length` is then 784 or more. A tenth of the training images is held out for validation. Naming the
most frequent class of the test images is the trivial score, and the entropy of their classes its loss; chance is
1 / classes. The file's checksum is part of a trial's identity.

Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits" (UCI), as bundled with scikit-learn; pixel
by pixel and permuted as in Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified linear
units".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks._image_file import Images, Parts, checksum, image_file
from seqbench.tasks.base import Batch, Criterion, EvenClasses, Task, certain, one_of, single_target

ADDED = {"images": ""}

PIXELS = 64
CLASSES = 10
HELD_OUT = 30
"""Images of each digit in the validation part, and as many in the test part."""

SOLVED = 0.9
"""Accuracy that counts as solved."""

RAREST = 1e-9
"""Probability that the trivial predictor gives to a class that no test image has."""


def sequential_digits(length: PositiveInt = 64, permuted: bool = False, images: str = "") -> Task:
    """Digits, or a file of images, over `length` steps: pixels in their order or in one random order, then noise."""
    parts = own_images(images, permuted) if images else split_images(permuted)
    pixels = parts.training.pixels.shape[1]
    if length < pixels:
        raise Incompatible(
            f"sequential_digits shows {pixels} pixels, so its length must be at least that, not {length}."
        )
    scores = class_frequencies(parts) if images else one_of(CLASSES)
    if scores["trivial"] >= SOLVED:
        raise Incompatible(
            f"sequential_digits counts as solved at an accuracy of {SOLVED:g}, and {scores['trivial']:.0%} of the test "
            f"images of {images} are of one class: a network that names it would need to read nothing."
        )
    return Task(
        **scores,
        sample=sampler(parts.training, length),
        validation=sampler(parts.validation, length),
        test=sampler(parts.test, length),
        oracle=lambda batch: certain(recognise(batch.inputs, parts), scores["outputs"]),
        inputs=1,
        length=length,
        steps=length,
        symbolic=False,
        criterion=Criterion("accuracy", SOLVED),
        diffuse=True,
    )


def content(*, images: str) -> str:
    """The checksum of a file of images, empty for the digits that are bundled; raises as `image_file`."""
    return checksum(images) if images else ""


def class_frequencies(parts: Parts) -> EvenClasses:
    """The fields of a task whose trivial predictor knows how frequent the classes of the test images are."""
    classes = 1 + max(int(part.classes.max()) for part in parts)
    share = np.bincount(parts.test.classes, minlength=classes) / len(parts.test.classes)
    logits = np.log(np.maximum(share, RAREST)).astype(np.float32)
    present = share[share > 0]
    return EvenClasses(
        **one_of(classes)
        | {
            "guess": lambda batch: jnp.broadcast_to(jnp.asarray(logits), (*batch.weights.shape, classes)),
            "trivial": float(share.max()),
            "trivial_loss": float(-present @ np.log(present)),
        }
    )


def sampler(images: Images, length: int) -> Callable[[Key[Array, ""], int], Batch]:
    """A sampler of images that are read pixel by pixel, with noise up to `length` steps."""

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        image_key, noise_key = jax.random.split(key)
        chosen = jax.random.randint(image_key, (batch_size,), 0, len(images.classes))
        noise = jax.random.uniform(noise_key, (batch_size, length - images.pixels.shape[1]))
        pixels = brightness(jnp.asarray(images.pixels)[chosen], images)
        return single_target(
            jnp.concatenate([pixels, noise], axis=1)[..., None],
            jnp.asarray(images.classes)[chosen][:, None],
            length - 1,
        )

    return sample


def brightness(pixels: Array, images: Images) -> Float[Array, "B P"]:
    """Pixels as numbers in [0, 1]."""
    return pixels.astype(jnp.float32) / images.white if images.white > 1 else pixels


def recognise(inputs: Float[Array, "B T 1"], parts: Parts) -> Int[Array, "B 1"]:
    """The class of the known image that is nearest to the pixels."""
    known = jnp.concatenate([brightness(jnp.asarray(part.pixels), part) for part in parts])
    classes = jnp.concatenate([jnp.asarray(part.classes) for part in parts])

    def nearest(shown: Float[Array, " P"]) -> Int[Array, ""]:
        return classes[jnp.argmin(jnp.sum(jnp.abs(shown - known), axis=-1))]

    return jax.lax.map(nearest, inputs[:, : known.shape[1], 0])[:, None]


def own_images(name: str, permuted: bool) -> Parts:
    """The images of a file, in one random order of their pixels if they are to be permuted; raises as `image_file`."""
    parts = image_file(name)
    if not permuted:
        return parts
    order = np.random.default_rng(1998).permutation(parts.test.pixels.shape[1])
    return Parts(*(part._replace(pixels=part.pixels[:, order]) for part in parts))


@cache
def split_images(permuted: bool) -> Parts:
    """The bundled images for training, validation and test, always the same and without a common image."""
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
    return Parts(training, validation, test)
