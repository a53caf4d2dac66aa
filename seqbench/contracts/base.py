"""What a contract is: named checks, each of which stands on its own and raises an AssertionError with advice.

A family's module holds `CHECKS`, functions of one *subject*: a component with all that its checks look at, made and
compiled once, when the first of them asks. The test suite runs the same functions on every file of the family's folder.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from seqbench.components.checking import Mismatch, check, checker


class DoesNotApply(Exception):
    """A check that has no meaning for this component."""


class Check(NamedTuple):
    """One demand of a contract.

    name: what is demanded, in words
    run: returns if it is met; raises AssertionError (what is wrong, what to do) or DoesNotApply (why)
    """

    name: str
    run: Callable[[], None]


def named(checks: Sequence[Callable[[Any], None]], subject: Any) -> list[Check]:
    """The checks of a family with the component they look at."""
    return [Check(check.__name__.replace("_", " "), partial(check, subject)) for check in checks]


def require(met: Any, otherwise: str) -> None:
    """Raise AssertionError with a sentence unless the demand is met (unlike `assert`, under `python -O` too)."""
    if not met:
        raise AssertionError(otherwise)


def require_same(first: Any, second: Any, otherwise: str) -> None:
    """Demand equality to the bit."""
    require(np.array_equal(np.asarray(first), np.asarray(second)), otherwise)


def require_close(first: Any, second: Any, otherwise: str, *, rtol: float = 0.0, atol: float = 0.0) -> None:
    """Demand |first - second| <= atol + rtol * |second|, everywhere. The message gives the largest difference."""
    first, second = np.asarray(first), np.asarray(second)
    require(first.shape == second.shape, f"{otherwise} The shapes are {first.shape} and {second.shape}.")
    gap = np.abs(first - second)
    met = np.all(gap <= atol + rtol * np.abs(second))
    require(met, f"{otherwise} They differ by up to {np.max(gap, initial=0):.3g}.")


def documents_itself(make: Callable[..., Any]) -> str:
    """The docstring of the module a component stands in, which must say what the component is and where it is from."""
    text = inspect.getdoc(inspect.getmodule(make)) or ""
    name = make.__name__
    first = text.partition("\n")[0]
    require(first, f"The module of {name} has no docstring: say in its first line what {name} is.")
    require(first.endswith((".", ",")), f"The module's docstring must begin with one sentence, got {first!r}.")
    source = any(line.startswith("Source: ") for line in text.splitlines())
    require(source, f"No line of the module's docstring begins with `Source: `: say where {name} comes from.")
    require(make.__doc__, f"The function {name} has no docstring: say in one line what its settings are for.")
    return text


def settings_are_checked(make: Callable[..., Any]) -> None:
    """Demand that settings are keyword-only and annotated, and that their defaults fit the annotations."""
    parameters = list(inspect.signature(make).parameters.values())
    has_defaults(make, parameters)
    annotations = inspect.get_annotations(make, eval_str=True)
    for parameter in parameters:
        keyword = parameter.kind is parameter.KEYWORD_ONLY
        require(keyword, f"The setting {parameter.name} can be given by place: write `*` before the first setting.")
        require(parameter.name in annotations, f"Annotate the setting {parameter.name} with its type.")
        try:
            check(checker(annotations[parameter.name]), parameter.default)
        except Mismatch as mismatch:
            raise AssertionError(f"The default of {parameter.name} is not of its annotated type: {mismatch}.") from None
    added = getattr(inspect.getmodule(make), "ADDED", {})
    defaults = {parameter.name: parameter.default for parameter in parameters}
    changed = [name for name, old in added.items() if name not in defaults or defaults[name] != old]
    advice = "Settings in `ADDED` have the defaults given there: rename or change one only with a new `VERSION`."
    require(not changed, f"{', '.join(changed)}: {advice}")


def has_defaults(make: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
    """Demand a default for every setting."""
    bare = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    require(not bare, f"{make.__name__} must run without settings: give {', '.join(bare)} a default.")
