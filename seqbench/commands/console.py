"""The two streams of a command: results to standard output, progress and warnings to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from rich.console import Console

from seqbench.commands.streams import discard_output

PIPED_WIDTH = 120
"""Columns of a table where there is no terminal to measure."""


class _Output(Console):
    """Standard output. A reader that closes it early, as `head` does, has read enough: that is no error."""

    def on_broken_pipe(self) -> None:
        _read_enough()


def out() -> Console:
    """Standard output; names are text, so nothing in them is markup or highlighted."""
    return _Output(markup=False, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def progress() -> Console:
    """Standard error, for progress and warnings."""
    return Console(stderr=True, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON, NaN-free."""
    from seqbench.store.json_content import plain

    try:
        print(json.dumps(plain(value), indent=2), flush=True)
    except BrokenPipeError:
        _read_enough()


def _read_enough() -> NoReturn:
    """Exit well: the reader of standard output has closed it."""
    discard_output()
    raise SystemExit(0)
