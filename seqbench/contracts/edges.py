"""The values at the edges of what a component's settings allow."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from seqbench.setting_types import LARGEST_COUNT, LARGEST_NUMBER, OrInfinity

MANY = 1000
"""Stands for a number of things that ends where memory is full."""


def at_the_edges(make: Callable[..., Any], *, many: int = MANY) -> Iterator[dict[str, Any]]:
    """Settings of a component of which one stands at an edge of its range and all others have their defaults."""
    annotations = inspect.get_annotations(make, eval_str=True)
    for name in inspect.signature(make).parameters:
        if name in annotations:
            yield from ({name: value} for value in edges(annotations[name], many=many))


def edges(annotation: Any, *, many: int = MANY) -> list[Any]:
    """The values at the edges of an annotation: the ends of numbers, all of a choice, lists of one edge.

    Args:
        annotation: of a setting.
        many: stands for a whole number whose range has no end of its own.
    """
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
    else:
        inner, metadata = annotation, []
    if inner is bool:
        return [False, True]
    if inner in (int, float):
        return _numbers(inner, metadata, many)
    if get_origin(inner) is Literal:
        return list(get_args(inner))
    if get_origin(inner) is tuple:
        return [(value,) for value in edges(get_args(inner)[0], many=many)]
    return [value for part in get_args(inner) if part is not type(None) for value in edges(part, many=many)]


def _numbers(kind: type, metadata: list[Any], many: int) -> list[Any]:
    """The lowest and the highest number, and infinity where it is meant."""
    low: Any = -LARGEST_NUMBER
    high: Any = LARGEST_NUMBER
    for each in metadata:
        match each:
            case Ge(ge=low) | Gt(gt=low):
                low = low if isinstance(each, Ge) else _next(kind, low, math.inf)
            case Le(le=high) | Lt(lt=high):
                high = high if isinstance(each, Le) else _next(kind, high, -math.inf)
    if kind is int:
        low, high = max(low, -many), many if high >= LARGEST_COUNT else high
    return [kind(low), kind(high), *([math.inf] if any(isinstance(each, OrInfinity) for each in metadata) else [])]


def _next(kind: type, bound: Any, towards: float) -> Any:
    """The nearest number on one side of a bound that is itself not allowed."""
    return bound + int(math.copysign(1, towards)) if kind is int else math.nextafter(bound, towards)
