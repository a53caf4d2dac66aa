"""The two streams of a command: results to standard output, progress and warnings to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

PIPED_WIDTH = 120
"""Columns of a table where there is no terminal to measure."""


def out() -> Console:
    """Standard output; names are text, so nothing in them is markup or highlighted."""
    return Console(markup=False, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def progress() -> Console:
    """Standard error, for progress and warnings."""
    return Console(stderr=True, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON, NaN-free."""
    from seqbench.store.records import plain

    print(json.dumps(plain(value), indent=2))
