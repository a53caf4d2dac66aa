"""Every error seqbench raises on purpose, and the exit code each leads to.

A message says what is wrong, where, and what to do next; it is printed without a traceback.
"""

from __future__ import annotations


class SeqbenchError(Exception):
    """Root of the tree. `exit_code` is what the command line returns."""

    exit_code = 1


class ContractBroken(SeqbenchError):
    """A component that does not keep its family's contract: what is wrong has been printed."""


class UsageError(SeqbenchError):
    """A command, a name or an argument that cannot be understood."""

    exit_code = 2


class GridError(UsageError):
    """A grid file that cannot be read: the message starts with `file:line:column field:`."""


class Incompatible(UsageError):
    """A combination that makes no sense. Planning catches it and reports the reason; nothing is lost silently."""


class TrialsCrashed(SeqbenchError):
    """Some trials crashed. They have no outcome, count as missing and are run again."""

    exit_code = 3


class EnvironmentFault(SeqbenchError):
    """A fault of the machine: disk, permission, a missing program, a store that cannot be opened."""

    exit_code = 4


class StoreError(EnvironmentFault):
    """A results folder that cannot be read or written."""


class MessageError(EnvironmentFault):
    """A message between a run and its workers has another format than expected."""


class GridBusy(EnvironmentFault):
    """Another process is running this grid."""


class TrackingError(EnvironmentFault):
    """The tracking server cannot be reached or refuses."""


class RenamedWarning(FutureWarning):
    """A grid calls a component by a former name, which is still read."""


class LeftOutWarning(UserWarning):
    """A file in a results folder cannot be used, and its trial counts as not finished."""
