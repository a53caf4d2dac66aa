"""Standard input, output and error that are closed, full or no longer read."""

from __future__ import annotations

import os
import sys


def open_streams() -> None:
    """Open what was closed: the next file would get the number of standard output, and be printed into."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def discard_output() -> None:
    """Discard what standard output still holds: Python writes it at exit, and prints an error if that fails."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
