"""Code that a grid names by `module:function`: whether it may be imported, and where it is found.

A grid is data, but for this. Whatever imports such a module asks here first.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from itertools import accumulate

from seqbench.errors import UsageError

VARIABLE = "SEQBENCH_CODE"
OFF = "off"


class CodeRefused(UsageError):
    """A grid, or a record of a trial, names code, and none may be imported."""


def refused() -> bool:
    """Whether the user lets no code be imported."""
    return os.environ.get(VARIABLE) == OFF


def require_allowed(name: str) -> None:
    """Raise CodeRefused if `name`, a `module:function`, must not be imported."""
    if refused():
        raise CodeRefused(
            f"{name} is code that is not part of seqbench, and --no-code (or {VARIABLE}={OFF}) lets none be imported. "
            f"If you trust the module {name.partition(':')[0]!r}, do without that."
        )


def module_of(name: str) -> str:
    """The module of `module:function`; empty if the name is none."""
    module, colon, _ = name.partition(":")
    return module if colon and all(part.isidentifier() for part in module.split(".")) else ""


def look_here() -> None:
    """Let modules be found in the current folder, after all others: an installed command does not look there itself."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def find_spec(module: str) -> ModuleSpec | None:
    """Where a module is found, without importing anything; `importlib.util.find_spec` imports the packages around it.

    Raises:
        ImportError, AttributeError, ValueError: a finder cannot answer, or a module has no specification.
    """
    spec: ModuleSpec | None = None
    for name in accumulate(module.split("."), "{}.{}".format):
        if name in sys.modules:
            spec = sys.modules[name].__spec__
        else:
            inside = spec.submodule_search_locations if spec else None
            spec = next((found for finder in sys.meta_path if (found := finder.find_spec(name, inside))), None)
        if spec is None or (name != module and spec.submodule_search_locations is None):
            return None
    return spec
