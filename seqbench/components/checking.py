"""Values against annotations, and what is wrong with them in the words of a grid's author."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError


class Mismatch(ValueError):
    """A value that does not fit its annotation."""


def checker(annotation: Any) -> TypeAdapter[Any]:
    """What checks values against an annotation without converting any but whole numbers to floats."""
    return TypeAdapter(annotation, config=ConfigDict(strict=True, allow_inf_nan=True))


def check(adapter: TypeAdapter[Any], value: Any) -> Any:
    """The value as its annotation has it: lists as tuples, whole numbers as floats where a float is meant."""
    try:
        return adapter.validate_python(_tuples(value))
    except ValidationError as error:
        problem = " or ".join(dict.fromkeys(expected(detail) for detail in error.errors()))
        raise Mismatch(f"expected {problem}, got {shown(value)}") from None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


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
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
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
