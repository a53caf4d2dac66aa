"""This machine as a place for workers: how the user names it, and how many it holds."""

from __future__ import annotations

import os

LOCAL = "local"


def cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
