"""Functions of a notebook or a script as modules: known by name to this process, and to each worker that is given them.

A grid names such a function `__main__:name`. Both the process that plans and those that train define it from the same
text, so that what is planned is what is trained, and the text is what identifies it.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from seqbench.components.carried_source import NotCarried

MAIN = "__main__"
"""The module of what stands in a notebook or a script."""

_texts: dict[str, str] = {}


def is_carried(name: str) -> bool:
    """Whether a name is that of a function of a notebook or a script."""
    return name.startswith(f"{MAIN}:")


def define(name: str, text: str) -> bool:
    """Make a function known by its name. Returns whether that name meant something else before.

    Raises:
        NotCarried: the text cannot be run.
    """
    if _texts.get(name) == text:
        return False
    module = ModuleType(name)
    place = f"<{name}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)  # for tracebacks
    previous, sys.modules[name] = sys.modules.get(name), module  # classes look for their module while they are made
    try:
        exec(compile(text, place, "exec"), vars(module))
    except Exception as error:
        if previous is None:
            del sys.modules[name]
        else:
            sys.modules[name] = previous
        raise NotCarried(name.rpartition(":")[2], f"{type(error).__name__}: {error}") from error
    _texts[name] = text
    return True


def define_again(name: str) -> None:
    """Run a program again, for modules that it imports have changed."""
    define(name, _texts.pop(name))


def module_of(name: str) -> ModuleType | None:
    """The module that defines a function; None if it is not known here."""
    return sys.modules[name] if name in _texts else None


def file_name(name: str) -> str:
    """What the file of a function's program is called."""
    return f"{name.rpartition(':')[2]}.py"


def text_of(name: str) -> str:
    """The program of a function that is known here."""
    return _texts[name]


def carried_in(*values: Any) -> dict[str, str]:
    """The programs of all such functions that settings name, by name."""
    found: dict[str, str] = {}
    waiting = list(values) if _texts else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and value in _texts:
            found[value] = _texts[value]
        elif isinstance(value, Mapping):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
    return dict(sorted(found.items()))
