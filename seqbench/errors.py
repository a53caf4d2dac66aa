"""Every error seqbench raises on purpose, and the exit code each leads to.

A message says what is wrong, where, and what to do next; it is printed without a traceback.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN_PROBLEMS = 25
"""How many problems of a grid its error prints; `GridError.problems` holds all."""


class SeqbenchError(Exception):
    """Root of the tree. `exit_code` is what the command line returns."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message, as a terminal does, below what a component of the user's own raised."""
        raised = traceback.format_exception(self.__cause__) if self.__cause__ else []
        return [*"".join(raised).splitlines(), f"{type(self).__name__}: {self}"]


class ContractBroken(SeqbenchError):
    """A component that does not keep its family's contract: what is wrong has been printed."""


class UsageError(SeqbenchError):
    """A command, a name or an argument that cannot be understood."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a grid.

    source: the grid's file, or the override as it was typed
    line, column: counted from 1; both 0 in an override
    field: as people write it, such as `methods[0].cell`; empty for an override that names none
    excerpt: the line and, below it, a mark at the place; empty where there is no line to show
    """

    source: str
    line: int
    column: int
    field: str
    message: str
    excerpt: str = ""

    @property
    def head(self) -> str:
        """`file:line:column field: message`, in one line."""
        where = f"{self.source}:{self.line}:{self.column}" if self.line else f"{self.source}:"
        return f"{where} {self.field}: {self.message}" if self.field else f"{where} {self.message}"

    def __str__(self) -> str:
        return f"{self.head}\n{self.excerpt}" if self.excerpt else self.head


class GridError(UsageError):
    """A grid that cannot be read. `problems` holds what is wrong at each place, in the order of the file."""

    def __init__(self, message: str = "", problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        more = [f"... and {len(problems) - SHOWN_PROBLEMS} more"] if len(problems) > SHOWN_PROBLEMS else []
        super().__init__(message or "\n".join([*map(str, problems[:SHOWN_PROBLEMS]), *more]))


class Incompatible(UsageError):
    """A combination that makes no sense. Planning catches it and reports the reason; nothing is lost silently."""


class TrialsCrashed(SeqbenchError):
    """Some trials crashed. They have no outcome, count as missing and are run again.

    tracebacks: of each of them
    results: what `seqbench.run` would have returned, with the trials that have finished
    """

    exit_code = 3

    def __init__(self, problem: str, *, tracebacks: Sequence[str] = (), results: Any = None) -> None:
        super().__init__(problem)
        self.tracebacks, self.results = tuple(tracebacks), results


class EnvironmentFault(SeqbenchError):
    """A fault of the machine: disk, permission, a missing program, a store that cannot be opened."""

    exit_code = 4


class StoreError(EnvironmentFault):
    """A results folder that cannot be read or written."""


class LaterFormat(EnvironmentFault):
    """What a later version of seqbench has written. It is left as it is, and the folder is not used.

    No StoreError, so that nothing takes it for damage: what is damaged is set aside and written again.
    """

    def __init__(self, what: object, version: object, known: int) -> None:
        super().__init__(f"{what} has format {version}, and this version of seqbench reads up to {known}: upgrade")


class MessageError(EnvironmentFault):
    """A message between a run and its workers has another format than expected."""


class ClusterGone(EnvironmentFault):
    """The Ray cluster does not answer any more. What Ray has left in this process cannot end in good order."""


class GridBusy(EnvironmentFault):
    """Another process is running this grid."""


class TrackingError(EnvironmentFault):
    """The tracking server cannot be reached or refuses."""


class NotReproduced(SeqbenchError):
    """A trial that was trained again in the same environment gave other numbers: the promise does not hold."""

    exit_code = 5


class OtherEnvironment(SeqbenchError):
    """Trials that were trained again gave other numbers, and all of these in another environment than before."""

    exit_code = 6


class MergeConflict(SeqbenchError):
    """Results folders hold different numbers of the same trials.

    conflicts: each of them; see `seqbench.execution.conflicts.Conflict`
    """

    def __init__(self, problem: str, *, conflicts: Sequence[Any] = (), same_environment: bool = False) -> None:
        super().__init__(problem)
        self.conflicts = tuple(conflicts)
        self.exit_code = (NotReproduced if same_environment else OtherEnvironment).exit_code


class RenamedWarning(FutureWarning):
    """A grid calls a component by a former name, which is still read."""


class LeftOutWarning(UserWarning):
    """A file in a results folder cannot be used, and its trial counts as not finished."""
