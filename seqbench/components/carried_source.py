"""The program of a function of a notebook or a script, in full: what another process needs to define it.

A worker is a process of its own and cannot see what stands in a notebook. So the definition of a function is taken from
the cells that have run, and with it what it uses, as far as that is a program as well: imports, other functions and
classes, and plain values (numbers, text, and lists, tuples and dictionaries of them).
"""

from __future__ import annotations
import __future__

import ast
import builtins
import importlib
import importlib.util
import linecache
import math
import symtable
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

from seqbench.errors import UsageError

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign

ADVICE = "Move it into the function, or write the function into a module beside your grid and import it from there"


class NotCarried(UsageError):
    """A function that cannot be taken to another process: `function` is its name, `problem` says why."""

    def __init__(self, function: str, problem: str) -> None:
        super().__init__(f"{function} cannot be taken along to the workers: {problem}")
        self.function, self.problem = function, problem


def carried_source(function: Callable[..., Any], programs: Sequence[str] | None = None) -> str:
    """The program that defines a function and all that it uses, in one form whatever its comments and layout.

    Args:
        function: a function at the top level of a notebook or a script.
        programs: what was run there, in order; by default the cells of the notebook or the script's file.

    Raises:
        NotCarried: it is no such function, or it uses something that is no program; says what, and what to do.
    """
    name = getattr(function, "__name__", repr(function))
    if not isinstance(function, FunctionType):
        raise NotCarried(name, f"expected a function, got {type(function).__name__}")
    if not name.isidentifier():
        raise NotCarried(name, "it has no name; define it with `def`")
    if function.__qualname__ != function.__name__ or function.__closure__:
        raise NotCarried(name, "it is defined within another function; define it with `def` at the top level")
    return _Collector(function, programs_of(function) if programs is None else programs).text()


def programs_of(function: FunctionType) -> list[str]:
    """What was run where a function was defined: the cells of the notebook so far, and the function's own file."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    cells = list(shell.history_manager.input_hist_parsed) if shell and shell.history_manager else []
    return [*cells, "".join(linecache.getlines(function.__code__.co_filename))]


class _Collector:
    """Takes a definition, then what it uses, then what that uses; parts stand in an order that defines before use."""

    def __init__(self, function: FunctionType, programs: Iterable[str]) -> None:
        self.original = function
        self.function, self.namespace = function.__name__, function.__globals__
        self.module = function.__module__
        self.definitions: dict[str, Definition] = {}
        self.imported: dict[str, list[tuple[str, str]]] = {}
        for statement in (statement for program in programs for statement in _statements(program)):
            self.note(statement)
        self.imports: set[str] = set()
        self.parts: list[str] = []
        self.taken: set[str] = set()

    def text(self) -> str:
        """The program, with its imports first."""
        if self.namespace.get(self.function) is not self.original:
            raise self.refuse("its name stands for something else by now; define it again")
        self.take(self.function)
        future = self.namespace.get("annotations") is __future__.annotations
        head = ["from __future__ import annotations"] * future
        return "\n".join([*head, *sorted(self.imports), *self.parts]) + "\n"

    def note(self, statement: ast.stmt) -> None:
        """Remember what a statement binds at the top level; a later one replaces an earlier one."""
        match statement:
            case ast.FunctionDef() | ast.ClassDef():
                self.definitions[statement.name] = statement
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                self.definitions[name] = statement
            case ast.ImportFrom(level=0, module=str() as module):
                for alias in statement.names:
                    self.imported.setdefault(alias.asname or alias.name, []).append((module, alias.name))

    def take(self, name: str) -> None:
        """Add what binds a name, after what that needs itself."""
        if name in self.taken:
            return
        self.taken.add(name)
        if name not in self.namespace:
            if not hasattr(builtins, name):
                raise self.refuse(f"it uses {name!r}, which is not defined")
            return
        value = self.namespace[name]
        if isinstance(value, ModuleType):
            self.take_module(name, value)
        elif self.is_own(name, value):
            self.take_definition(name)
        elif statement := self.import_of(name, value):
            self.imports.add(statement)
        elif (written := _literal(value)) is not None:
            self.parts.append(f"{name} = {written}")
        elif name in self.definitions and self.is_type(value):
            self.take_definition(name)
        else:
            raise self.refuse(f"it uses {name!r}, {_described(value)}. {ADVICE}")

    def is_own(self, name: str, value: Any) -> bool:
        """Whether a name stands for a function or a class that was defined in the same place."""
        return getattr(value, "__module__", None) == self.module and isinstance(
            self.definitions.get(getattr(value, "__name__", name)), ast.FunctionDef | ast.ClassDef
        )

    def is_type(self, value: Any) -> bool:
        """Whether a value is a type that an assignment made there: an annotation, or the class of `namedtuple`."""
        return typing.get_origin(value) is not None or (isinstance(value, type) and value.__module__ == self.module)

    def take_definition(self, name: str) -> None:
        """Add a definition; a name that stands for a function of another name is an assignment after it."""
        own = getattr(self.namespace[name], "__name__", name)
        own = own if isinstance(self.definitions.get(own), ast.FunctionDef | ast.ClassDef) else name
        if own != name:
            self.take(own)
            self.parts.append(f"{name} = {own}")
            return
        text = ast.unparse(self.definitions[name])
        for used in sorted(_free_names(text)):
            self.take(used)
        self.parts.append(text)

    def take_module(self, name: str, module: ModuleType) -> None:
        """Import a module under the name that it has here."""
        path = module.__spec__.name if module.__spec__ else module.__name__
        if path == self.module or importlib.util.find_spec(path) is None:
            raise self.refuse(f"it uses the module {name!r}, which cannot be imported elsewhere")
        self.imports.add(f"import {path}" if path == name else f"import {path} as {name}")

    def import_of(self, name: str, value: Any) -> str | None:
        """The import that gives a value its name: one that has been run, or that of what says where it is from."""
        for module, attribute in [*reversed(self.imported.get(name, [])), _identity(value)]:
            if isinstance(module, str) and isinstance(attribute, str) and _gives(module, attribute, value):
                return f"from {module} import {attribute}" + (f" as {name}" if attribute != name else "")
        return None

    def refuse(self, problem: str) -> NotCarried:
        """The error that says why the function stays here."""
        return NotCarried(self.function, problem)


def _statements(program: str) -> Iterator[ast.stmt]:
    """The statements of a program at its top level, blocks that always or sometimes run included."""
    try:
        waiting = list(ast.parse(program).body)
    except SyntaxError:  # a cell that failed when it was run
        return
    while waiting:
        statement = waiting.pop(0)
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            waiting = [*statement.body, *getattr(statement, "orelse", []), *waiting]


def _free_names(text: str) -> set[str]:
    """The names that a definition takes from around it, those in its annotations among them."""
    found: set[str] = set()
    waiting = [symtable.symtable(text, "definition", "exec")]
    top = waiting[0]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            outer = not symbol.is_assigned() if table is top else symbol.is_global()
            if symbol.is_referenced() and outer:
                found.add(symbol.get_name())
    return found | set(_names_in_text_annotations(text)) - {node.name for node in _defined(text)}


def _defined(text: str) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    return (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef))


def _names_in_text_annotations(text: str) -> Iterator[str]:
    """Names in annotations that are written as text: `-> "CellBuilder"`."""
    for node in ast.walk(ast.parse(text)):
        written = getattr(node, "returns", None) or getattr(node, "annotation", None)
        if isinstance(written, ast.Constant) and isinstance(written.value, str):
            tree = ast.parse(written.value, mode="eval")
            yield from (part.id for part in ast.walk(tree) if isinstance(part, ast.Name))


def _gives(module: str, attribute: str, value: Any) -> bool:
    """Whether importing a name from a module gives this value."""
    if module == "__main__" or not attribute.isidentifier():
        return False
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return False
    return found is value or (isinstance(value, FunctionType | type) and _identity(found) == _identity(value))


def _identity(value: Any) -> tuple[Any, Any]:
    """Where a function or a class says that it stands; the same after its module was imported again."""
    return getattr(value, "__module__", None), getattr(value, "__qualname__", None)


def _literal(value: Any) -> str | None:
    """A plain value as Python writes it; None if it is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if type(value) not in _PLAIN:
        return None
    try:
        return repr(value) if ast.literal_eval(repr(value)) == value else None
    except (ValueError, SyntaxError):  # it holds something that is not plain
        return None


_PLAIN = (int, float, bool, str, bytes, complex, type(None), tuple, list, dict)


def _described(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, FunctionType | type):
        return f"the program of which cannot be found (it is said to stand in {value.__module__})"
    return f"which is of type {type(value).__qualname__} and neither a program nor a plain value"
