"""Commands as this person must type them: complete and quoted, so that they can be pasted."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

RESULTS = Path("results")
"""Folder of results folders, unless a command says otherwise."""

UI_HOST, UI_PORT = "127.0.0.1", 5000
"""Where the MLflow UI listens, on this machine only, unless a command says otherwise or the port is taken."""


def command(verb: str, *words: str | Path) -> str:
    """A command as this person must type it."""
    return f"{invocation()} {verb} {shlex.join(map(str, words))}"


def kept_in(results: Path) -> tuple[str, ...]:
    """The option that says where results are kept, if it must be said."""
    return () if results == RESULTS else ("--results", str(results))


def invocation() -> str:
    """How this person calls seqbench: `uv run` puts it on the path only for its own commands."""
    return "uv run seqbench" if "UV_RUN_RECURSION_DEPTH" in os.environ else "seqbench"
