"""The source of a component that a user wrote, as a hash: an edited function is another function.

A shipped component has a version, which its authors raise when its meaning changes. For a function that is tried and
changed all day the program itself is the version: that of its module and of every module that it imports from the same
folder or, if it is installed, from the same package. Comments and layout do not count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from seqbench.components.carried import is_carried, text_of
from seqbench.components.own_code import find_spec

INSTALLED = ("site-packages", "dist-packages")
"""Names of the folders in which packages are installed."""


_read: dict[str, dict[str, str]] = {}
"""The programs behind each name that was asked for."""


@cache
def own_source(name: str) -> str:
    """A hash of the program behind `module:function`; empty for a shipped component.

    The module must have been found before, see `catalogue.component`.
    """
    if ":" not in name:
        return ""
    _read[name] = _own_programs(name)
    return sha256("\n".join(text for _, text in sorted(_read[name].items())).encode()).hexdigest()


def edited() -> set[str]:
    """The modules of which a program has been edited since it was read here, and all that were read with them."""
    return {module for name, before in _read.items() if _own_programs(name) != before for module in before}


def own_files() -> list[Path]:
    """The modules and packages, by file or folder, of all programs that were asked for: what another machine needs."""
    programs = {module for own in _read.values() for module in own}
    modules = {module for module in programs if not is_carried(module) and not _is_shipped(module)}
    found = {path for module in modules if (path := _top(module)) is not None}
    return sorted(found)


def _top(module: str) -> Path | None:
    """The file, or the folder of the package, that a module is or belongs to."""
    folder, name = root(module), module.partition(".")[0]
    if folder is None:
        return None
    return folder / name if (folder / name).is_dir() else folder / f"{name}.py"


def _own_programs(name: str) -> dict[str, str]:
    return _carried_programs(name) if is_carried(name) else _programs(name.partition(":")[0])


def _carried_programs(name: str) -> dict[str, str]:
    """The program of a function of a notebook or a script, and those of the user's modules that it imports."""
    tree = ast.parse(text_of(name))
    imported = _imported(tree, name, is_package=False)
    return {name: ast.unparse(tree)} | _programs(*(module for module in imported if _is_users(module)))


def _programs(*first: str) -> dict[str, str]:
    """The programs of modules and of the modules that they import and that belong to them, by name."""
    found: dict[str, str] = {}
    waiting = list(first)
    while waiting:
        module = waiting.pop()
        path = _file(module)
        if module in found or path is None:
            continue
        if module not in first and (_is_shipped(module) or not any(_together(own, module) for own in first)):
            continue
        tree = ast.parse(path.read_bytes())
        found[module] = ast.unparse(tree)
        waiting += _imported(tree, module, is_package=path.name == "__init__.py")
    return found


def root(module: str) -> Path | None:
    """The folder from which a module is imported by its full name."""
    path = _file(module)
    if path is None:
        return None
    return path.parents[module.count(".") + (path.name == "__init__.py")]


def _together(first: str, module: str) -> bool:
    """Whether two modules are imported from one folder; where packages are installed, whether they are one package."""
    folder = root(first)
    installed = folder is not None and folder.name in INSTALLED
    return folder == root(module) and (not installed or module.partition(".")[0] == first.partition(".")[0])


def _is_users(module: str) -> bool:
    """Whether a module is neither installed, nor of Python, nor of seqbench."""
    folder = root(module)
    own = not _is_shipped(module) and module.partition(".")[0] not in sys.stdlib_module_names
    return own and folder is not None and folder.name not in INSTALLED


def _is_shipped(module: str) -> bool:
    """Whether a module is of seqbench, whose meaning has versions. A user's may stand beside it, in a clone."""
    return module.partition(".")[0] == "seqbench"


def _file(module: str) -> Path | None:
    """The Python file of a module, if it is one. Nothing is imported."""
    try:
        spec = find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None  # a name that was imported from a module, not a module
    path = Path(spec.origin) if spec and spec.has_location and spec.origin else None
    return path if path and path.suffix == ".py" else None


def _imported(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[str]:
    """Names of modules that a program imports; of `from a import b` both `a` and `a.b`, which may be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                yield from (".".join(parts[: i + 1]) for i in range(len(parts)))
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".") if is_package else module.split(".")[:-1]
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)
