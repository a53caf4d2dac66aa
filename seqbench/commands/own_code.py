"""Before code that a grid names is imported: which, and from where, unless it has run into these results before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seqbench.commands.console import progress
from seqbench.components.carried import is_carried
from seqbench.components.own_code import find_spec, look_here, module_of, refused
from seqbench.components.own_source import own_source
from seqbench.errors import StoreError, UsageError
from seqbench.printable import printable
from seqbench.store.plan_file import load_plan


def announce_code(names: Iterable[str], source: str, folder: Path) -> None:
    """Say on standard error what will be imported. Nothing is imported yet.

    What the last run into `folder` used, unchanged since, is not said again.

    Args:
        names: each `module:function` that is named.
        source: what names them.
        folder: a results folder.
    """
    named = [name for name in names if module_of(name) and not is_carried(name)]  # those are not imported
    if not named or refused():
        return
    look_here()
    before = _known_code(folder)
    unknown = [name for name in named if name not in before or before[name] != _program(name)]
    for module in dict.fromkeys(map(module_of, unknown)):
        functions = ", ".join(name.partition(":")[2] for name in unknown if module_of(name) == module)
        line = f"Importing code that {source} names: {functions} from {module} ({_place(module)})"
        progress().print(printable(line), markup=False)


def _known_code(folder: Path) -> dict[str, str]:
    """A hash of each program that the last run into a folder used, by its name."""
    try:
        return dict(load_plan(folder).code)
    except (UsageError, StoreError):  # it has not run there, or that is not known
        return {}


def _program(name: str) -> str | None:
    """A hash of the program behind a name; None if it is no program, which importing it will tell."""
    try:
        return own_source(name)
    except (SyntaxError, ValueError, OSError):
        return None


def _place(module: str) -> str:
    """The file that importing a module runs."""
    try:
        spec = find_spec(module)
    except (ImportError, AttributeError, ValueError):
        spec = None
    return str(spec.origin) if spec and spec.origin else "not found"
