"""What an exception that ended a trial says to the user: the error and their own line first, then the traceback."""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import seqbench
from seqbench.components.carried import is_carried
from seqbench.store.failures import Failure

LONGEST = 500
"""Characters of the message that stand in the reason; the traceback holds all of it."""

JAX_NOTE = "JAX_TRACEBACK_FILTERING"
"""Stands in the note that JAX adds to exceptions where it left out its own frames; it would end every traceback."""

INSTALLED = map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))
NOT_OWN = tuple(map(Path, (*seqbench.__path__, *INSTALLED)))
"""Folders of code that the user did not write."""


def failure(error: BaseException) -> Failure:
    """The reason in one line and the traceback of an exception, without JAX's notes about its own frames."""
    for each in _chain(error):
        if notes := getattr(each, "__notes__", None):
            each.__notes__ = [note for note in notes if JAX_NOTE not in str(note)]
    return Failure(_reason(error), "".join(traceback.format_exception(error)))


def _reason(error: BaseException) -> str:
    """The type of an error, the first line of its message, and where in the user's code it was raised."""
    lines = str(error).strip().splitlines()
    message = f"{type(error).__name__}: {lines[0][:LONGEST]}" if lines else type(error).__name__
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in frames if _is_own(frame)]
    if not frames:
        return message
    frame, line = (own or frames)[-1]
    return f"{message} ({_shown(frame.f_code.co_filename)}, line {line}, in {frame.f_code.co_name})"


def _is_own(frame: FrameType) -> bool:
    """Whether a frame is of code that is neither seqbench nor installed."""
    name = frame.f_code.co_filename
    if name.startswith("<"):  # no file: of a library's making, or a function of a notebook
        return is_carried(name[1:])
    return not any(Path(name).is_relative_to(folder) for folder in NOT_OWN)


def _shown(name: str) -> str:
    """A file as it is named from the current folder, if it lies below it."""
    if name.startswith("<"):
        return name
    relative = os.path.relpath(name)
    return name if relative.startswith(os.pardir) else relative


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that led to it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
