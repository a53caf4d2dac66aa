"""The file of a shipped component as text. Nothing is imported, so that a report knows its citations without JAX."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

_DEFAULT = re.compile(r"^DEFAULT = True$", re.MULTILINE)


def text_of(family: str, name: str) -> str:
    """The text of a member's file."""
    spec = importlib.util.find_spec(f"seqbench.{family}")
    folders = list((spec.submodule_search_locations if spec else None) or ())
    return (Path(folders[0]) / f"{name}.py").read_text("utf-8")


def source_of(family: str, name: str) -> str:
    """The citation in the docstring of a member's file; empty if there is none."""
    return citation(ast.get_docstring(ast.parse(text_of(family, name))) or "")


def citation(document: str) -> str:
    """The citation in a docstring: what follows `Source: `, to the end of the paragraph."""
    _, found, rest = document.partition("Source: ")
    return " ".join(rest.partition("\n\n")[0].split()) if found else ""


def is_default(family: str, name: str) -> bool:
    """Whether a member says that it is used unless a grid asks otherwise: `DEFAULT = True`."""
    return bool(_DEFAULT.search(text_of(family, name)))
