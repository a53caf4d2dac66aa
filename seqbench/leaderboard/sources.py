"""The results folders that the leaderboard is made of. One that cannot be read is named, and the others stand."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from seqbench.errors import LaterFormat, LeftOutWarning, StoreError, UsageError
from seqbench.report.evidence import Evidence
from seqbench.schema import finished
from seqbench.stats.action import acted_seldom, remedies_that_acted
from seqbench.store.plan_file import without_plan
from seqbench.store.results import load

CLAIMS = "replications"
"""Folder of the results of published claims, within the folder of results."""


DECIDING = ("task", "length", "seed", "budget", "batch_size", "evaluate_every", "solved_metric", "solved_threshold")
"""Columns without which rows belong to no table."""


@dataclass(frozen=True, eq=False)
class Source:
    """A results folder that was read.

    name: its path within the folder of results, such as `horizon` or `replications/identity_adding`; of a folder from
        elsewhere the path that was given
    folder: where it is
    evidence: its tables, its plan and what follows from them
    """

    name: str
    folder: Path
    evidence: Evidence

    @property
    def command(self) -> str:
        """The command that makes its results again."""
        place, _, claim = self.name.rpartition("/")
        return f"seqbench replicate {claim}" if place == CLAIMS else f"seqbench run {self.evidence.plan.grid}"

    @cached_property
    def seldom_acting(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The remedies that acted in fewer than half of their trials, and in how many, by task and method.

        A method of which nothing was measured is absent.
        """
        evidence = self.evidence
        acted = remedies_that_acted(evidence.reporting, evidence.probes, evidence.plan.remedies)
        found = {}
        for (task, method), remedies in acted.groupby(["task", "method"], sort=False):
            seldom = remedies[acted_seldom(remedies)]
            found[str(task), str(method)] = tuple(
                f"{row.remedy} in {row.acted} of {row.trials} trials" for row in seldom.itertuples()
            )
        return found


class Unread(NamedTuple):
    """A results folder that could not be read, and why."""

    name: str
    reason: str


def read_sources(results: Path, others: Sequence[Path] = ()) -> tuple[list[Source], list[Unread]]:
    """Every results folder within `results` and those named beside it, in order of name.

    Folders of other things are left out, and so are results without a finished trial. Tables are read where there are
    no trial files, as in a clone.
    """
    sources, unread = [], []
    for name, folder in sorted(_folders(results, others)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LeftOutWarning)  # `seqbench status` names the files of trials
                evidence = Evidence(load(folder))
                evidence.declared  # noqa: B018 (a plan that declares nonsense is damaged)
                _require_known(evidence)
        except (StoreError, LaterFormat, UsageError) as error:
            unread.append(Unread(name, str(error)))
            continue
        if len(finished(evidence.results)):
            sources.append(Source(name, folder, evidence))
    return sources, unread


def _require_known(evidence: Evidence) -> None:
    """Raise UsageError where finished rows do not say what decides which table they stand in."""
    absent = [name for name in DECIDING if evidence.reporting[name].isna().any()]
    if absent:
        raise UsageError(
            f"its rows lack {', '.join(absent)}: they were written by an early version or edited; run the grid again"
        )


def _folders(results: Path, others: Iterable[Path]) -> Iterable[tuple[str, Path]]:
    """Name and path of each folder with results, each once."""
    inside = [*results.glob("*/"), *results.glob(f"{CLAIMS}/*/")]
    places = {folder.resolve(): (folder.relative_to(results).as_posix(), folder) for folder in inside}
    for folder in others:
        places.setdefault(folder.resolve(), (folder.as_posix(), folder))
    return [place for place in places.values() if (place[1] / "plan.json").exists() or without_plan(place[1])]
