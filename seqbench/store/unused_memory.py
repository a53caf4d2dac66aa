"""Memory that was freed, given back to the system.

A table of many rows is made in steps, of which each frees what the one before it took. Arrow's pool and the C library
keep that for themselves, in pieces too small for the next large column.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import pyarrow as pa


def release() -> None:
    """Give back what is free: Arrow's pool anywhere, and the heap where the C library is GNU's."""
    pa.default_memory_pool().release_unused()
    if (trim := _malloc_trim()) is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
