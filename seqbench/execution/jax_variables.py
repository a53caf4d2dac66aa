"""The environment variables of JAX and Flax that reach a trial: those that cannot change a number.

`JAX_DEFAULT_PRNG_IMPL=rbg` draws other data, `JAX_ENABLE_X64=1` computes in other numbers, `JAX_DEBUG_NANS=1` turns a
divergence into an error. What a trial computes depends on its settings alone, so such variables are taken away.
"""

from __future__ import annotations

from collections.abc import Mapping

HARMLESS = (
    "JAX_PLATFORMS",
    "JAX_PLATFORM_NAME",
    "JAX_CUDA_VISIBLE_DEVICES",
    "JAX_ROCM_VISIBLE_DEVICES",
    "JAX_LOGGING_LEVEL",
    "JAX_DEBUG_LOG_MODULES",
    "JAX_TRACEBACK_FILTERING",
    "JAX_TRACEBACK_IN_LOCATIONS_LIMIT",
    "JAX_INCLUDE_FULL_TRACEBACKS_IN_LOCATIONS",
    "JAX_LOG_COMPILES",
    "JAX_EXPLAIN_CACHE_MISSES",
    "JAX_DUMP_IR_TO",
    "JAX_DUMP_IR_MODES",
    "JAX_ENABLE_COMPILATION_CACHE",
    "JAX_COMPILATION_CACHE_DIR",
)
"""Where JAX computes, which is part of a result's environment, what it prints, and where it caches."""


def harmful(variables: Mapping[str, str]) -> list[str]:
    """Names of the variables that could change numbers, sorted."""
    return sorted(name for name in variables if name.startswith(("JAX_", "FLAX_")) and name not in HARMLESS)
