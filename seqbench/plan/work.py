"""How much arithmetic a function does, counted in its trace: nothing is computed or compiled.

Counted are matrix products, by their multiplications; functions such as `tanh` and `exp`, by the numbers that they are
taken of; and the numbers that these and whatever moves or scans memory give. Sums and products of single numbers, which
are computed on the way, are not. A loop with a fixed number of steps counts as often as it runs, any other once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

FUNCTIONS = frozenset(
    {"acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "erf_inv", "erfc"}
    | {"exp", "exp2", "expm1", "log", "log1p", "logistic", "pow", "rsqrt", "sin", "sinh", "sqrt", "tan", "tanh"}
)
"""Names of the elementwise primitives of JAX that take several times as long as a sum."""

MOVES = frozenset(
    {"cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "gather", "scatter", "scatter-add", "sort"}
    | {"dynamic_slice", "dynamic_update_slice"}
)
"""Names of primitives that compute little and still pass over memory."""


class Work(NamedTuple):
    """Arithmetic of one call.

    products: multiplications in matrix products and convolutions
    functions: numbers that a function such as `tanh` is taken of
    results: numbers that products, functions and passes over memory give
    largest: numbers that the largest of these gives by itself
    """

    products: int = 0
    functions: int = 0
    results: int = 0
    largest: int = 0

    def __add__(self, other: object) -> Work:
        """What both do, one after the other."""
        if not isinstance(other, Work):
            return NotImplemented
        return Work(
            self.products + other.products,
            self.functions + other.functions,
            self.results + other.results,
            max(self.largest, other.largest),
        )

    def times(self, count: int) -> Work:
        """What so many calls do, one after the other."""
        return Work(count * self.products, count * self.functions, count * self.results, self.largest)


def work_of(function: Callable[..., Any], *shapes: Any) -> Work:
    """What a call of `function` on arguments of these shapes does; arrays, shapes or pytrees of either."""
    return _counted(jax.make_jaxpr(function)(*shapes).jaxpr)


def _counted(program: Jaxpr) -> Work:
    """The work of a program and of those inside it."""
    total = Work()
    for equation in program.eqns:
        name, params = equation.primitive.name, equation.params
        inner = list(_inside(params))
        if name == "cond":
            total += max((_counted(branch) for branch in inner), default=Work())
        elif name == "while":  # whose first program is the condition
            total += _counted(params["body_jaxpr"].jaxpr)
        elif inner and name not in MOVES:
            # A function with a derivative of its own names its programs for that too; the first one is the function.
            total += _counted(inner[0]).times(params.get("length", 1))
        else:
            total += _own(equation)
    return total


def _inside(params: dict[str, Any]) -> Iterator[Jaxpr]:
    """The programs among the parameters of an equation."""
    for value in params.values():
        for each in value if isinstance(value, tuple | list) else [value]:
            if isinstance(each, ClosedJaxpr):
                yield each.jaxpr
            elif isinstance(each, Jaxpr):
                yield each


def _own(equation: Any) -> Work:
    """The work of an equation that holds no program."""
    name, given = equation.primitive.name, [var.aval.shape for var in equation.invars]
    size = sum(math.prod(var.aval.shape) for var in equation.outvars)
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        return Work(size * math.prod(given[0][axis] for axis in contracted), 0, size, size)
    if name == "conv_general_dilated":
        features = given[1][equation.params["dimension_numbers"].rhs_spec[0]]
        return Work(size * math.prod(given[1]) // features, 0, size, size)
    if name in FUNCTIONS:
        return Work(0, size, size, size)
    return Work(0, 0, size, size) if name in MOVES else Work()
