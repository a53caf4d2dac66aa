"""Compiled programs, kept by what they say: two functions that read alike to the compiler are compiled once.

Methods and lengths often share a program: clipping does not change how parameters are drawn, nor does the length of
the sequences. Compilation costs seconds, and on small grids most of the time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import jax

KEPT = 24
"""Programs kept in a process; the one that was asked for longest ago goes first."""

QUICK: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}
"""Options of the compiler for what is rarely run."""

_kept: OrderedDict[tuple[bytes, str, bool], jax.stages.Compiled] = OrderedDict()


def compiled(function: Callable[..., Any], *arguments: Any, rarely_run: bool = False) -> jax.stages.Compiled:
    """Compile a pure function for arguments of these shapes, or take the program of one that reads alike.

    Args:
        function: what is compiled.
        arguments: arrays, or their shapes and types, in the places in which it will be given them.
        rarely_run: on a CPU compile in half the time what then takes up to four times as long to run.
    """
    return compiled_from(jax.jit(function).lower(*arguments), rarely_run=rarely_run)


def compiled_from(lowered: jax.stages.Lowered, *, rarely_run: bool = False) -> jax.stages.Compiled:
    """The same for a program that has been lowered."""
    quick = rarely_run and jax.default_backend() == "cpu"
    # What is taken and given back is no part of the text.
    ends = f"{lowered.in_tree} -> {lowered.out_tree}"
    key = (blake2b(lowered.as_text().encode()).digest(), ends, quick)
    if key not in _kept:
        _kept[key] = lowered.compile(compiler_options=QUICK if quick else None)
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return _kept[key]
