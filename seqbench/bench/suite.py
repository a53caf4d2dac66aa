"""How long the test suite takes, where there is one: in a clone of the repository."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqbench.bench.process import measure

GOAL_SECONDS = 480


def time_suite(*, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row: seconds and processor seconds of `pytest` in the working folder; none without a folder `tests`.

    Raises:
        StoreError: a test fails.
    """
    if not Path("tests").is_dir():
        say("left out: there is no folder `tests`")
        return []
    say("pytest")
    used = measure([sys.executable, "-m", "pytest"], folder=Path.cwd())
    return [
        {
            "command": "pytest",
            "seconds": used.seconds,
            "cpu_seconds": used.cpu_seconds,
            "goal_seconds": GOAL_SECONDS,
        }
    ]
