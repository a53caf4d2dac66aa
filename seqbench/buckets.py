"""Ranges of lengths that share compiled programs: buffers have the size of the bucket, loops run the true length.

A bucket is a property of a length alone and never of the lengths beside it in a grid, because a trial gives the same
bits in every grid.
"""

from __future__ import annotations

SMALLEST = 16
FACTOR = 4
"""Each bucket is this many times the one below: wide ones save compilation, but buffers are cleared whole."""


def bucket(steps: int) -> int:
    """The smallest bucket that holds `steps` steps."""
    size = SMALLEST
    while size < steps:
        size *= FACTOR
    return size


def power_of_two(at_least: int) -> int:
    """The smallest power of two that is not below `at_least`."""
    return 1 << max(at_least - 1, 0).bit_length()
