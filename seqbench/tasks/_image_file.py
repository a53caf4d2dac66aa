"""Images and their classes from a NumPy archive, as data sets of images are commonly shipped."""

from __future__ import annotations

import hashlib
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqbench.errors import Incompatible
from seqbench.grid_folder import find_file

FIELDS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION = 0.1
"""Share of the training images that is held out for validation."""

WHITE = 255
"""The largest pixel of images of whole numbers."""

MOST_CLASSES = 1000


class Images(NamedTuple):
    """Images [N, P] and their classes [N]. Pixels are in [0, 1], or whole numbers up to `white`."""

    pixels: np.ndarray
    classes: np.ndarray
    white: int = 1


class Parts(NamedTuple):
    """The images for training, validation and test."""

    training: Images
    validation: Images
    test: Images


def image_file(name: str) -> Parts:
    """The images of an `.npz` file with the arrays x_train, y_train, x_test and y_test.

    x are images [N, height, width], [N, height, width, 1] or [N, P], of whole numbers from 0 to 255 or numbers from 0
    to 1; y are classes from 0 upwards, [N] or [N, 1]. A tenth of the training images, in a fixed random order, is held
    out for validation.

    Raises:
        Incompatible: there is no such file, or it holds something else.
    """
    return _parts(_path(name), checksum(name))


def checksum(name: str) -> str:
    """A hash of the file; raises Incompatible if there is none."""
    path = _path(name)
    try:
        state = path.stat()
        return _hash(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise Incompatible(f"sequential_digits cannot read the images {name!r} ({error.strerror}).") from error


def _path(name: str) -> Path:
    return find_file(name).absolute()


@lru_cache(maxsize=8)
def _hash(path: Path, modified: int, size: int) -> str:
    """The hash of a file that was modified then and has this size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@lru_cache(maxsize=2)
def _parts(path: Path, checksum: str) -> Parts:
    """The parts of a file with this checksum."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            x_train, y_train, x_test, y_test = (archive[field] for field in FIELDS)
    except (OSError, ValueError, TypeError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise _refused(path, f"cannot be read ({error})") from error
    known = _images(path, "train", x_train, y_train)
    test = _images(path, "test", x_test, y_test)
    if known.pixels.shape[1] != test.pixels.shape[1] or known.white != test.white:
        raise _refused(path, "has images of another size or type in x_test than in x_train")
    order = np.random.default_rng(1998).permutation(len(known.classes))
    held_out = int(len(order) * VALIDATION)
    if not held_out or not len(test.classes) or len(np.unique(test.classes)) < 2:
        raise _refused(path, "has too few images: ten for training and two classes for testing are the least")
    validation, training = (
        known._replace(pixels=known.pixels[part], classes=known.classes[part])
        for part in (order[:held_out], order[held_out:])
    )
    return Parts(training, validation, test)


def _images(path: Path, part: str, x: np.ndarray, y: np.ndarray) -> Images:
    """The images of a part, checked."""
    classes = y.reshape(-1) if y.ndim in (1, 2) else y
    if x.ndim < 2 or (x.ndim == 4 and x.shape[-1] != 1) or x.ndim > 4 or classes.shape != x.shape[:1]:
        raise _refused(path, f"has x_{part} of shape {x.shape} and y_{part} of shape {y.shape}")
    if not np.issubdtype(classes.dtype, np.integer) or (len(y) and (y.min() < 0 or y.max() >= MOST_CLASSES)):
        raise _refused(path, f"has classes in y_{part} that are not whole numbers from 0 to {MOST_CLASSES - 1}")
    whole = np.issubdtype(x.dtype, np.integer)
    white = WHITE if whole else 1
    if not (whole or np.issubdtype(x.dtype, np.floating)) or not np.all((x >= 0) & (x <= white)):
        raise _refused(path, f"has pixels in x_{part} that are neither whole numbers from 0 to {WHITE} nor from 0 to 1")
    pixels = x.reshape(len(x), -1).astype(np.uint8 if whole else np.float32)
    return Images(pixels, classes.astype(np.int32), white)


def _refused(path: Path, why: str) -> Incompatible:
    return Incompatible(
        f"The file of images {str(path)!r} {why}. It must be an .npz file with the arrays {', '.join(FIELDS)}: images "
        "[N, height, width] or [N, pixels], and their classes [N]."
    )
