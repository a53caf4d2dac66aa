"""The values at the edges of what a component's settings allow."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from seqbench.setting_types import OrInfinity

NEAR = 1e-6
"""Stands this far inside a bound that is itself not allowed."""

FAR, MANY = 1e6, 1000
"""Stand for a number, and for a number of things, without an upper bound."""


def at_the_edges(make: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Settings of a component of which one stands at an edge of its range and all others have their defaults."""
    annotations = inspect.get_annotations(make, eval_str=True)
    for name in inspect.signature(make).parameters:
        if name in annotations:
            yield from ({name: value} for value in edges(annotations[name]))


def edges(annotation: Any) -> list[Any]:
    """The values at the edges of an annotation: the bounds of numbers, all of a choice, lists of one edge."""
    inner, metadata = (
        (get_args(annotation)[0], get_args(annotation)[1:]) if _annotated(annotation) else (annotation, ())
    )
    if inner is bool:
        return [False, True]
    if inner in (int, float):
        return _numbers(inner, metadata)
    if get_origin(inner) is Literal:
        return list(get_args(inner))
    if get_origin(inner) is tuple:
        return [(value,) for value in edges(get_args(inner)[0])]
    return [value for part in get_args(inner) if part is not type(None) for value in edges(part)]


def _annotated(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated


def _numbers(kind: type, metadata: tuple[Any, ...]) -> list[Any]:
    """The lowest and the highest number, and infinity where it is meant."""
    far, near = (MANY, 1) if kind is int else (FAR, NEAR)
    ends: list[Any] = [-far, far]
    for each in metadata:
        match each:
            case Ge(ge=low) | Gt(gt=low):
                ends[0] = low if isinstance(each, Ge) else low + near  # type: ignore[operator]
            case Le(le=high) | Lt(lt=high):
                ends[1] = high if isinstance(each, Le) else high - near  # type: ignore[operator]
    return [*map(kind, ends), *([math.inf] if any(isinstance(each, OrInfinity) for each in metadata) else [])]
