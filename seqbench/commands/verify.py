"""`seqbench verify`: finished trials, trained again, and how far their numbers are from those that are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqbench.commands.arguments import require_unused
from seqbench.commands.asked import Asked
from seqbench.commands.console import out, print_json, progress
from seqbench.commands.counted import counted
from seqbench.commands.kept import Kept, kept_of
from seqbench.commands.progress import duration
from seqbench.errors import NotReproduced, OtherEnvironment, TrialsCrashed, UsageError
from seqbench.execution.machine import LOCAL
from seqbench.execution.reproduce import Reproduction, reproduce, spread
from seqbench.execution.time_limit import limit_of
from seqbench.execution.trial_names import full_name
from seqbench.execution.where import place_named
from seqbench.plan.trial import Trial
from seqbench.printable import printable

NUMBER = 3
"""Trials that are trained again where no number is given."""


def verify(
    asked: Asked,
    *,
    number: int | None,
    trial: str | None,
    workers: int | None,
    as_json: bool,
    on: str = LOCAL,
    time_limit: float | None = None,
) -> None:
    """Train `number` finished trials again (None: `NUMBER`), or the one named, and say whether they are the same.

    `time_limit` is the minutes for a trial, or the default, and `on` the place of the workers, as in `run`.

    Raises:
        UsageError: none has finished, there is no such trial, or both it and a number are given.
        TrialsCrashed: a trial crashed.
        NotReproduced, OtherEnvironment: a trial gave other numbers, in the same environment or only in another one.
    """
    if trial is not None:
        require_unused({"--n": number}, "With --trial one trial is trained again")
    kept = kept_of(asked)
    if not kept.finished:
        raise UsageError(f"{kept.plan.grid.name} has no finished trial to train again")
    if trial is None:
        chosen = spread(kept.finished, NUMBER if number is None else number)
    else:
        full = full_name(trial, (each.id for each in kept.finished), of=f"what has finished of {kept.plan.grid.name}")
        chosen = [each for each in kept.finished if each.id == full]
    found = train_again(kept, chosen, workers=workers, on=on, quiet=as_json, time_limit=time_limit)
    if as_json:
        print_json([facts(each) for each in found])
    require_same(found)
    if not as_json:
        out().print(f"{counted(len(found))} trained again to the same bits.")


def train_again(
    kept: Kept,
    trials: Sequence[Trial],
    *,
    workers: int | None,
    time_limit: float | None,
    on: str = LOCAL,
    quiet: bool = False,
) -> list[Reproduction]:
    """Train these again; a line for each as it ends, unless `quiet`."""
    names = {trial.id for trial in trials}
    rows = kept.results.finished
    took = float(rows.loc[rows["trial"].isin(names), "seconds"].sum())
    progress().print(f"Training {counted(len(trials))} again, which took {duration(took)} before.")
    found: list[Reproduction] = []
    console = out()

    def show(each: Reproduction) -> None:
        found.append(each)
        if not quiet:
            console.print(printable(in_words(each)))

    reproduce(kept.plan, kept.results, names, workers=workers, place=place_named(on), found=show,
              limit=limit_of(time_limit))  # fmt: skip
    return found


def in_words(each: Reproduction) -> str:
    """What became of a trial: which it is, where it was trained before, and what came out."""
    trial = each.trial
    label = f"{trial.id}  {trial.method}, {trial.task_label}, length {trial.length}, seed {trial.seed}"
    if each.crash is not None:
        return f"{label}: crashed; before it was {each.before}. {each.crash}"
    changes = "; ".join(f"{name} was {before}, is {now}" for name, (before, now) in each.environment.items())
    environment = f"trained in another environment ({changes}): " if changes else ""
    outcome = f", {each.after}" if each.before == each.after else f", {each.after} instead of {each.before}"
    return f"{label}{outcome}: {environment}{_numbers(each)}"


def _numbers(each: Reproduction) -> str:
    if each.difference is None:
        return "same bits"
    relative, where, before, after = each.difference
    place = f"{where} was {_shown(before)}, is {_shown(after)}"
    return f"other numbers: {place}" if math.isinf(relative) else f"within {relative:.2g}: {place}"


def _shown(value: object) -> str:
    return "missing" if pd.isna(value) else str(value)


def facts(each: Reproduction) -> dict[str, Any]:
    """What became of a trial, as values that JSON can hold; a difference without a number has `relative` null."""
    label = {"trial": each.trial.id, "method": each.trial.method, "task": each.trial.task_label,
             "length": each.trial.length, "seed": each.trial.seed}  # fmt: skip
    return label | {
        "before": each.before,
        "after": each.after,
        "same_bits": each.same_bits,
        "relative_difference": each.difference.relative if each.difference else None if each.crash else 0.0,
        "where": each.difference.where if each.difference else None,
        "environment": {name: list(pair) for name, pair in each.environment.items()},
        "crash": each.crash,
    }


def require_same(found: Sequence[Reproduction]) -> None:
    """Raise unless every trial gave the same bits; see `verify` for what."""
    if crashed := [each for each in found if each.crash is not None]:
        raise TrialsCrashed(f"{len(crashed)} of {counted(len(found))} crashed.")
    others = [each for each in found if not each.same_bits]
    if here := [each for each in others if not each.environment]:
        raise NotReproduced(f"{len(here)} of {counted(len(found))} gave other numbers in the same environment.")
    if others:
        raise OtherEnvironment(
            f"{len(others)} of {counted(len(found))} gave other numbers, in another environment than before, where the "
            "same bits are not promised."
        )
