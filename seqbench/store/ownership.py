"""Whose results a folder holds. A grid is named after its file, and two files in two folders may share a name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from seqbench.errors import StoreError, UsageError
from seqbench.store.plan_file import load_plan
from seqbench.store.trials import TrialStore


def require_own(folder: Path, *, question: str, trials: Collection[str]) -> None:
    """Refuse to run a grid into the results of another one.

    A grid is identified by its content and not by its file's path, so a clone that was moved continues, and so
    does a grid that was edited. It is another grid if it asks another question, and if none of its trials is planned
    or finished there.

    Args:
        folder: the results folder; it need not exist.
        question: what the grid asks.
        trials: identities of the trials that the grid plans.

    Raises:
        UsageError: the folder holds the results of another grid; says which, and what to do.
        LaterFormat: its plan is of a later version of seqbench.
    """
    try:
        plan = load_plan(folder)
    except (UsageError, StoreError):  # there is none, or it is damaged and will be written again
        return
    theirs = plan.question
    if not is_other(theirs, plan.trials.keys() | TrialStore(folder).names(), question=question, trials=trials):
        return
    raise UsageError(
        f"{folder} holds the results of another grid of this name, which asks: {' '.join(theirs.split())} "
        f"This one asks: {' '.join(question.split())} They share no trial. Name another folder with --results, or "
        f"rename the grid's file. If it is the same grid, changed in everything, move {folder} away first."
    )


def is_other(theirs: str, known: Collection[str], *, question: str, trials: Collection[str]) -> bool:
    """Whether results are of another grid: it asks another question, and shares no trial with this one.

    Args:
        theirs: the question of the grid that the results are of.
        known: identities of the trials that are planned or finished there.
        question: what this grid asks.
        trials: identities of the trials that this grid plans.
    """
    return bool(known) and set(known).isdisjoint(trials) and _words(theirs) != _words(question)


def _words(question: str) -> str:
    """A question as it is compared: letter case and line breaks make no difference."""
    return " ".join(question.casefold().split())
