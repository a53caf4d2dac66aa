"""Values against annotations, and what is wrong with them in the words of a grid's author."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict, TypeAdapter, ValidationError

from seqbench.setting_types import WITHOUT_END

LARGEST = 3.4e38
"""Numbers reach the compiled program in 32 bits, where anything larger is infinite."""


class Mismatch(ValueError):
    """A value that does not fit its annotation."""


class Checker(NamedTuple):
    """What checks values against an annotation.

    whole: whether a single number must be a whole one
    ranges: the bounds of a number that has two, in words, by what pydantic reports of either
    """

    adapter: TypeAdapter[Any]
    whole: bool
    ranges: dict[tuple[str, Any], str]


def checker(annotation: Any) -> Checker:
    """What checks values against an annotation without converting any but whole numbers to floats.

    Numbers must be finite unless the annotation says otherwise (`seqbench.setting_types.OrInfinity`).
    """
    adapter = TypeAdapter(annotation, config=ConfigDict(strict=True, allow_inf_nan=False))
    ranges: dict[tuple[str, Any], str] = {}
    for lower, upper in _two_sided(annotation):
        words = f"{_bound(lower)} and {_bound(upper)}"
        ranges |= {_reported(lower): words, _reported(upper): words}
    return Checker(adapter, float not in set(_alternatives(annotation)), ranges)


def check(checker: Checker, value: Any) -> Any:
    """The value as its annotation has it: lists as tuples, whole numbers as floats where a float is meant."""
    try:
        fitted = checker.adapter.validate_python(_tuples(value))
    except ValidationError as error:
        problem = " or ".join(dict.fromkeys(_expected(checker, detail) for detail in error.errors()))
        raise Mismatch(f"expected {problem}, got {shown(value)}") from None
    if _too_large(fitted):
        raise Mismatch(f"expected at most {LARGEST:g}, the largest number of 32 bits, got {shown(value)}")
    return fitted


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def _too_large(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_too_large, value))
    return isinstance(value, float) and LARGEST < abs(value) < float("inf")


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, without their metadata."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _alternatives(inner)
    else:
        yield annotation


def _two_sided(annotation: Any) -> Iterator[tuple[Ge | Gt, Le | Lt]]:
    """The bounds of every number in an annotation whose lower and upper one both mean something."""
    if get_origin(annotation) is Annotated:
        lower = [each for each in annotation.__metadata__ if isinstance(each, (Ge, Gt))]
        upper = [each for each in annotation.__metadata__ if isinstance(each, (Le, Lt))]
        yield from ((low, high) for low, high in zip(lower, upper, strict=False) if _value(high) not in WITHOUT_END)
    for inner in get_args(annotation):
        yield from _two_sided(inner)


def _reported(bound: Ge | Gt | Le | Lt) -> tuple[str, Any]:
    """A bound as pydantic reports it: the key and the value of an error's context."""
    return type(bound).__name__.lower(), _value(bound)


def _value(bound: Ge | Gt | Le | Lt) -> Any:
    return getattr(bound, type(bound).__name__.lower())


def _bound(bound: Ge | Gt | Le | Lt) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    key, value = _reported(bound)
    return f"{words[key]} {value:.10g}"


def _expected(checker: Checker, detail: Any) -> str:
    """What was expected, with both bounds where there are two."""
    for reported in detail.get("ctx", {}).items():
        if reported in checker.ranges:
            return checker.ranges[reported]
    return expected(detail)


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "none_required": "null",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:.10g}",
    "greater_than_equal": "{ge:.10g} or more",
    "less_than": "less than {lt:.10g}",
    "less_than_equal": "{le:.10g} or less",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_short": "some text",
    "string_too_long": "at most {max_length} letters",
    "literal_error": "{expected}",
}


def expected(detail: Any) -> str:
    """What pydantic expected, in the words of a grid's author."""
    text = _EXPECTED.get(detail["type"])
    return text.format(**detail.get("ctx", {})) if text else str(detail["msg"]).lower()


def shown(value: Any) -> str:
    """A value as an error shows it, at bounded length."""
    text = f"the text {value!r}" if isinstance(value, str) else "keys with values" if isinstance(value, dict) else None
    text = text or ("null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
