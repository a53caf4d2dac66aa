"""What a driver remembers of each finished trial: what planning and counting need. The whole is in its file."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from seqbench.plan.selection import LOOKED_AT
from seqbench.store.records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Ran:
    """What finished trials that ran alike share.

    fingerprint, environment: versions and machine; see `seqbench.execution.environment`. None: the record names none
    probed: labels of the probes that were read
    """

    fingerprint: str | None
    environment: dict[str, str]
    probed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """A finished trial; a hundredth of the memory of its `Record`, whose fields these are, but for `ran`."""

    trial: str
    outcome: str
    solved_at: int | None
    validation_loss: float | None
    budget: int | None
    parameters: str | None
    ran: Ran


def known(record: Record) -> Known:
    """What is remembered of a finished trial."""
    row = record.row
    ran = _ran(row.get("environment"), tuple(record.environment.items()), tuple(record.probed))
    return Known(
        trial=record.trial,
        outcome=sys.intern(row["outcome"]),
        solved_at=row.get("solved_at"),
        validation_loss=row.get("validation_loss"),
        budget=row.get("budget"),
        parameters=record.parameters,
        ran=ran,
    )


@cache
def _ran(fingerprint: str | None, environment: tuple[tuple[str, str], ...], probed: tuple[str, ...]) -> Ran:
    """One for all trials that have an equal one."""
    return Ran(fingerprint, dict(environment), frozenset(probed))


def looked_at(finished: Collection[Known]) -> pd.DataFrame:
    """What planning may see of finished trials."""
    import pandas as pd

    return pd.DataFrame({name: [getattr(each, name) for each in finished] for name in ("trial", *LOOKED_AT)})


def environments_of(finished: Iterable[Known]) -> dict[str, dict[str, str]]:
    """The environments of finished trials by their fingerprints; those of trials that name none are not among them."""
    return {each.ran.fingerprint: each.ran.environment for each in finished if each.ran.fingerprint}
