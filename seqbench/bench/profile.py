"""What a training step spends its time on, operation by operation, from JAX's profiler."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from seqbench.bench.process import answer
from seqbench.bench.steps import SIZES, Size

KINDS = ("products", "elementwise", "copies", "scalars")
"""What an operation of XLA does, mostly."""

CONTAINERS = ("while", "call", "conditional")
"""Operations that consist of others."""

MOVES = {
    *("bitcast", "broadcast", "concatenate", "constant", "copy", "dynamic-slice", "dynamic-update-slice", "gather"),
    *("get-tuple-element", "iota", "pad", "parameter", "reshape", "reverse", "select", "slice", "transpose", "tuple"),
}
"""Operations on arrays of real numbers that compute none."""


def kinds_of(program: str) -> dict[str, str]:
    """The kind of each operation of a compiled program, by its name.

    Args:
        program: the text of a compiled program, `jax.stages.Compiled.as_text()`.
    """
    inside: dict[str, list[tuple[str, str]]] = {}
    found: dict[str, list[tuple[str, str]]] = {}
    computation = ""
    for line in program.splitlines():
        if line.startswith(("%", "ENTRY")):
            computation = line.removeprefix("ENTRY ").split()[0].lstrip("%")
        elif match := re.match(r"\s+(?:ROOT )?%(\S+) = (\S+) ([\w-]+)\(", line):
            name, kind, code = match.groups()
            inside.setdefault(computation, []).append((kind, code))
            called = re.search(r"calls=%([\w.-]+)", line)
            found[name] = inside[called.group(1)] if called else [(kind, code)]
    return {name: _kind(operations) for name, operations in found.items()}


def _kind(operations: Sequence[tuple[str, str]]) -> str:
    """What operations do together; each is its result's type and its code."""
    if any(code in ("dot", "custom-call") for _, code in operations):
        return "products"
    if re.match(r"\w+\[\]", operations[-1][0]):
        return "scalars"
    real = [code for kind, code in operations if kind.startswith(("f32[", "f64["))]
    return "copies" if MOVES.issuperset(real) else "elementwise"


def profile_steps(
    *, core: int, say: Callable[[str], None], sizes: Sequence[Size] = tuple(SIZES)
) -> list[dict[str, Any]]:
    """One row a size: milliseconds of a training step by kind of operation, on one core."""
    rows = []
    for size in sizes:
        say(f"where a training step's time goes, {size.cell}: {size.batch}, {size.steps} steps, {size.width} units")
        found = answer("seqbench.bench.contestants.step_profile", *size, prefix=("taskset", "-c", str(core)))
        rows.append({**size._asdict(), **found})
    return rows
