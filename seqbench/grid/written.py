"""Plain values as YAML that the reader of grids reads back as the same values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from seqbench.grid.words import plain_value, trap_in

WIDTH = 110
"""Columns of a line, where a value does not need more."""


def as_yaml(values: Mapping[str, Any]) -> str:
    """Values as the text of a grid's file: what holds only plain values in one line, all else in lines of its own."""
    return "".join(_dump({key: value}, flow=None if isinstance(value, (dict, list)) else False, width=WIDTH)
                   for key, value in values.items())  # fmt: skip


def inline(value: Any) -> str:
    """A value in one line, as it would stand to the right of a key."""
    return _dump([value], flow=True, width=float("inf")).strip()[1:-1]


def _dump(value: Any, *, flow: bool | None, width: float) -> str:
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width, default_flow_style=flow
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes what would be read in more than one way, and writes what occurs twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Grids have no aliases."""
        return True


def _write_text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    other = trap_in(value) or not isinstance(plain_value(value), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="'" if other else None)


_Dumper.add_representer(str, _write_text)
