"""How much arithmetic a function does, counted in its trace: nothing is computed or compiled.

Counted is what takes time on a CPU: matrix products, by their multiplications, and functions such as `tanh` and `exp`,
by the numbers that they are taken of. Loops with a fixed number of steps count as often as they run.
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


class Work(NamedTuple):
    """Arithmetic of one call.

    products: multiplications in matrix products and convolutions
    functions: numbers that a function such as `tanh` is taken of
    results: numbers that products and functions give
    """

    products: int = 0
    functions: int = 0
    results: int = 0

    def __add__(self, other: object) -> Work:
        """What both do together."""
        if not isinstance(other, Work):
            return NotImplemented
        return Work(*(one + more for one, more in zip(self, other, strict=True)))

    def times(self, count: int) -> Work:
        """What so many calls do."""
        return Work(*(count * one for one in self))


def work_of(function: Callable[..., Any], *shapes: Any) -> Work:
    """What a call of `function` on arguments of these shapes does; arrays, shapes or pytrees of either."""
    return _counted(jax.make_jaxpr(function)(*shapes).jaxpr)


def _counted(program: Jaxpr) -> Work:
    """The work of a program and of those inside it."""
    total = Work()
    for equation in program.eqns:
        inner = list(_inside(equation.params))
        if equation.primitive.name == "cond":
            total += max((_counted(branch) for branch in inner), default=Work())
        elif inner:
            # A function with a derivative of its own names its programs for that too; the first one is the function.
            total += _counted(inner[0]).times(equation.params.get("length", 1))
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
        return Work(products=size * math.prod(given[0][axis] for axis in contracted), results=size)
    if name == "conv_general_dilated":
        features = given[1][equation.params["dimension_numbers"].rhs_spec[0]]
        return Work(products=size * math.prod(given[1]) // features, results=size)
    return Work(functions=size, results=size) if name in FUNCTIONS else Work()
