"""Commands as this person must type them."""

from __future__ import annotations

import os
from pathlib import Path

RESULTS = Path("results")
"""Folder of results folders, unless a command says otherwise."""


def command(verb: str, grid: str, results: Path) -> str:
    """A command as this person must type it."""
    elsewhere = "" if results == RESULTS else f" --results {results}"
    return f"{invocation()} {verb} {grid}{elsewhere}"


def invocation() -> str:
    """How this person calls seqbench: `uv run` puts it on the path only for its own commands."""
    return "uv run seqbench" if "UV_RUN_RECURSION_DEPTH" in os.environ else "seqbench"
