"""Code that a grid names by `module:function`: whether it may be imported, and where it is found.

A grid is data, but for this. Whatever imports such a module asks here first. Modules are looked for where Python looks
itself, then in the folder of the grid's file, then in the current folder: a file beside a grid never stands in for a
library, and one that a library hides is refused.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import ModuleSpec
from itertools import accumulate
from pathlib import Path
from types import ModuleType

from seqbench.errors import UsageError
from seqbench.grid_folder import beside, remember

VARIABLE = "SEQBENCH_CODE"
OFF = "off"

_added: list[str] = []
"""The folders on `sys.path` that were put there by `look_here`."""


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


def set_beside(folder: str | None) -> str | None:
    """Look beside another grid from now on. Returns the folder that modules are no longer found in, if there is one."""
    before = beside()
    remember(folder)
    if before == folder or before not in _added:
        return None
    _stop_looking()
    return before


def look_here() -> None:
    """Let modules be found beside the grid and in the current folder, in this order and after all other places."""
    _stop_looking()
    for folder in filter(None, (beside(), os.getcwd())):
        if folder not in sys.path:
            sys.path.append(folder)
            _added.append(folder)


def _stop_looking() -> None:
    sys.path[:] = [place for place in sys.path if place not in _added]
    _added.clear()


def places_of_python() -> list[str]:
    """Where Python itself looks for modules: `sys.path` without what `look_here` added."""
    return [os.path.abspath(place) for place in sys.path if place not in _added]


def import_own(module: str) -> ModuleType:
    """Import a module of the user's own.

    Raises:
        ImportError: it cannot be imported; whatever it raises is the cause, and in the message.
    """
    look_here()
    _require_not_hidden(module.partition(".")[0])
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name == module or module.startswith(f"{error.name}.")  # itself, not one that it imports
        places = f"beside the grid ({beside()}), " if beside() else ""
        where = f"; modules of your own are looked for {places}in the current folder and on PYTHONPATH"
        where += "" if beside() else ", and beside a grid that is given by its file"
        raise ImportError(f"{error}{where if missing else ''}") from error
    except ImportError:
        raise
    except Exception as error:  # a user's module may raise anything
        raise ImportError(f"{type(error).__name__}: {error}") from error


def _require_not_hidden(package: str) -> None:
    """Raise ImportError if the grid's folder holds a module of this name and another one would be imported."""
    if not beside():
        return
    folder, found = Path(beside() or ""), find_spec(package)
    files = [path for path in (folder / f"{package}.py", folder / package / "__init__.py") if path.is_file()]
    origin = str(found.origin) if found else ""
    if files and Path(origin).resolve() not in map(Path.resolve, files):
        raise ImportError(f"{files[0]} is hidden by another module of that name ({origin}); rename it")


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
