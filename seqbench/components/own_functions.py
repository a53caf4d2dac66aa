"""From a Python function to the name by which a grid knows it."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqbench.components import catalogue
from seqbench.components.carried import MAIN, define_again, is_carried
from seqbench.components.carried_source import NotCarried, carried_source
from seqbench.components.own_code import set_beside
from seqbench.components.own_source import edited, root


def name_of(function: Callable[..., Any]) -> str:
    """The name of a function: a shipped component's own, `module:function`, or `__main__:function`.

    A function of a notebook or a script is taken along as it is now: its program goes to the workers, is kept beside
    the plan, and identifies the trials that use it, as the file of a module does.

    Raises:
        NotCarried: it can neither be imported from a module nor be taken along; says why.
    """
    if not inspect.isfunction(function):
        raise NotCarried(repr(function), f"expected a function, got {type(function).__name__}")
    module, name = getattr(function, "__module__", None), getattr(function, "__name__", repr(function))
    if module == MAIN:
        text = carried_source(function)
        catalogue.define(f"{MAIN}:{name}", text)
        return f"{MAIN}:{name}"
    family = str(module).removeprefix("seqbench.").partition(".")[0]
    if module == f"seqbench.{family}.{name}" and family in catalogue.RETURNS:
        return name
    try:
        found = getattr(importlib.import_module(str(module)), name, None)
    except ImportError:
        found = None
    if not (inspect.isfunction(found) and _file(found) == _file(function)):
        raise NotCarried(name, f"the module {module!r} has no such function at its top level")
    return f"{module}:{name}"


def _file(function: Callable[..., Any]) -> Any:
    return inspect.getsourcefile(function)


def import_edited_again() -> None:
    """Forget the modules of the user's own that have been edited since they were imported, as beside a notebook.

    Otherwise results of the new program, which workers import, would be kept as those of the old one.
    """
    if modules := edited():
        for module in modules:
            sys.modules.pop(module, None)
        importlib.invalidate_caches()
        for name in filter(is_carried, modules):
            define_again(name)
        catalogue.forget()


def look_beside(folder: Path | None) -> None:
    """Let modules of the user's own be found in the folder of a grid; None if the grid has no file.

    Modules that were imported from the folder of the grid before are forgotten: this grid may have others of that name.
    """
    if left := set_beside(str(folder.absolute()) if folder else None):
        for module in [name for name in list(sys.modules) if root(name) == Path(left)]:
            del sys.modules[module]
        importlib.invalidate_caches()
        catalogue.forget()
