"""Plain words of YAML: what each means, and those that YAML 1.1, YAML 1.2 and a person read differently."""

from __future__ import annotations

import math
import re
from typing import Any

MAX_DIGITS = 18

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NULL = re.compile(r"(null|Null|NULL|~|)")
_BOOLEAN = re.compile(r"(true|True|TRUE|false|False|FALSE)")

_EXPONENT = re.compile(r"([-+]?)([0-9]*)(?:\.([0-9]*))?[eE]([-+]?)([0-9]+)")
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(yes|no|on|off)", re.IGNORECASE),
        "YAML reads {0} as true or false; write true or false, or quote a name: '{0}'",
    ),
    (re.compile(r"\.nan", re.IGNORECASE), "{0} is not a number that a setting can have"),
    (
        re.compile(r"[-+]?0[0-9]+|[-+]?0[oxb][0-9a-f_]+", re.IGNORECASE),
        "YAML reads {0} as a number in another base than ten; write a decimal number, or quote a name: '{0}'",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?"),
        "YAML versions disagree on {0}; write the number without underscores, or quote a name: '{0}'",
    ),
    (
        re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"),
        "YAML reads {0} as a number in base sixty; write a decimal number, or quote a name: '{0}'",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"),
        "YAML reads {0} as a date; quote it to keep it as text: '{0}'",
    ),
)


def plain_value(written: str) -> Any:
    """The value of an unquoted word that is read in one way only."""
    if _NULL.fullmatch(written):
        return None
    if _BOOLEAN.fullmatch(written):
        return written.lower() == "true"
    if INTEGER.fullmatch(written):
        return int(written)
    if _FLOAT.fullmatch(written):
        return float(written)
    if _INFINITY.fullmatch(written):
        return -math.inf if written.startswith("-") else math.inf
    return written


def trap_in(written: str) -> str | None:
    """What is wrong with an unquoted word that can be read in more than one way; None if nothing is."""
    for pattern, problem in _TRAPS:
        if pattern.fullmatch(written):
            return problem.format(written)
    if _FLOAT.fullmatch(written):
        return f"{written} is too large a number" if math.isinf(float(written)) else None
    if (parts := _EXPONENT.fullmatch(written)) and (parts[2] or parts[3]):
        sign, whole, fraction, exponent_sign, exponent = parts.groups()
        better = f"{sign}{whole or 0}.{fraction or 0}e{exponent_sign or '+'}{exponent}"
        return f"YAML reads {written} as text; write {better}"
    return None
