"""The checks of a contract as parameters of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

RARE = "at_the_edges", "with_the_smallest_sizes", "every_probe", "own_derivative", "padding_changes_no_row"
"""How the names of checks begin that are slow: a program for each edge of each setting, for all probes at once, or for
several loops. Own derivatives are compared with finite differences as well; padding changes no row of any probe in
`tests/training/test_measure.py`."""


def demands(checks: Sequence[Callable[[Any], None]]) -> list[Any]:
    """Each check under its name."""
    slow = pytest.mark.slow
    return [
        pytest.param(check, id=check.__name__, marks=[slow] if check.__name__.startswith(RARE) else [])
        for check in checks
    ]


def cases(defaults: Sequence[str], variants: Mapping[str, Any]) -> list[Any]:
    """The components of a family, and with settings other than their defaults, which is slow."""
    return [*defaults, *(pytest.param(name, marks=pytest.mark.slow) for name in variants)]
