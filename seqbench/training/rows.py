"""The rows that a trial leaves: one of its curve after each evaluation, and one of the results at its end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from seqbench.large_loss import KIND, large_loss_since
from seqbench.protocol import CHANCE_MARGIN, HELD
from seqbench.tasks.base import Task
from seqbench.training.action import means
from seqbench.training.bins import accuracy_by_bin, edges_of
from seqbench.training.objective import Scores
from seqbench.training.program import Program
from seqbench.training.state import DIVERGED_IN, State, Sums
from seqbench.training.stuck import stuck_at


def _solved_place(curve: Sequence[dict[str, Any]]) -> int | None:
    """Place of the last of the first `HELD` consecutive evaluations that met the criterion, or None."""
    run = 0
    for place, row in enumerate(curve):
        run = run + 1 if row["met"] else 0
        if run == HELD:
            return place
    return None


def solved_at(curve: Sequence[dict[str, Any]]) -> int | None:
    """Step of the first of `HELD` consecutive evaluations that met the criterion, or None."""
    place = _solved_place(curve)
    return None if place is None else int(curve[place - HELD + 1]["step"])


def stops_at(curve: Sequence[dict[str, Any]], stop: bool | Mapping[str, int]) -> float:
    """Step from which on a trial stops because it is solved; infinite while it is not, or where that is no reason.

    stop: `stop_when_solved` of the trial's training: true, false, or `{after: N}` for N steps more
    """
    place = _solved_place(curve)
    if place is None or stop is False:
        return math.inf
    return int(curve[place]["step"]) + (0 if stop is True else stop["after"])


def held(curve: Sequence[dict[str, Any]]) -> float | None:
    """Share of the evaluations after the trial was solved that met the criterion; None if there are none."""
    place = _solved_place(curve)
    later = [] if place is None else [row["met"] for row in curve[place + 1 :]]
    return sum(later) / len(later) if later else None


class Means(NamedTuple):
    """What a criterion may look at; the defaults are those of a trial without a score."""

    accuracy: float = math.nan
    loss: float = math.nan
    sequence_accuracy: float = math.nan


def _means(scores: Scores) -> Means:
    return Means(
        float(scores.correct / scores.targets),
        float(scores.loss / scores.targets),
        float(scores.sequences_correct / scores.sequences),
    )


def train_loss(sums: Sums) -> float:
    """Mean training loss over the steps that were taken; NaN if none was."""
    return float(sums.loss) / float(sums.steps) if sums.steps else math.nan


def curve_row(program: Program, state: State, sums: Sums, scores: Scores, seconds: float) -> dict[str, Any]:
    """What an interval of training gave, as `seqbench.schema.CURVE_COLUMNS` names it.

    seconds: since the beginning
    """
    task, sums, steps = program.task, jax.device_get(sums), max(float(sums.steps), 1.0)
    found = _means(scores)
    return {
        "step": int(state.step),
        "train_loss": train_loss(sums),
        "validation_loss": found.loss,
        "validation_accuracy": found.accuracy,
        "validation_sequences": int(scores.sequences),
        "gradient_norm": float(sums.gradient_norm) / steps,
        "gradient_norm_max": float(sums.gradient_norm_max),
        "gradient_norm_after": float(sums.gradient_norm_after) / steps,
        "shrink_factor": float(sums.shrink_factor) / steps,
        "clipped_share": float(sums.clipped_steps) / steps,
        "clipped_entries": float(sums.clipped_entries) / steps,
        "steps_counted": int(sums.steps),
        "remedies": means(program.chain, sums.links, steps),
        "met": task.criterion.met(**found._asdict()) and int(state.diverged_at) == 0,
        "accuracy_by_distance": accuracy_by_bin(scores, edges_of(task)),
        "seconds": seconds,
    }


def outcome(task: Task, found: Means, *, diverged: bool) -> str:
    """What became of a trial: diverged, solved (meets the task's criterion on test data), chance or partial.

    Chance: accuracy less than `CHANCE_MARGIN` of the way from the trivial predictor's to 1.
    """
    if diverged:
        return "diverged"
    if task.criterion.met(**found._asdict()):
        return "solved"
    return "chance" if found.accuracy < task.trivial + CHANCE_MARGIN * (1 - task.trivial) else "partial"


def result_row(program: Program, state: State, curve: list[dict[str, Any]], test: Scores | None) -> dict[str, Any]:
    """What became of a trial, without its seconds; `test` is None for one that diverged."""
    task, settings, last = program.task, program.training, curve[-1]
    found = _means(test) if test else Means()
    diverged_at, diverged_kind = _divergence(state, curve, found.loss, task)
    return {
        "outcome": outcome(task, found, diverged=diverged_at is not None),
        **_test_figures(None if diverged_at else test, task),
        "validation_accuracy": last["validation_accuracy"],
        "validation_loss": last["validation_loss"],
        "chance": task.chance,
        "trivial": task.trivial,
        "trivial_loss": task.trivial_loss,
        "solved_metric": task.criterion.metric,
        "solved_threshold": task.criterion.at,
        "solved_at": solved_at(curve),
        "held": held(curve),
        "stuck_at": stuck_at(curve, settings.stop_when_stuck),
        "diverged_at": diverged_at,
        "diverged_kind": diverged_kind,
        "steps": int(state.step),
        "budget": settings.steps,
        "evaluate_every": settings.evaluate_every,
        "parameters": program.parameters,
        "batch_size": settings.batch_size,
        "segment": program.segment,
        "optimizer": settings.optimizer,
        "gradient_norm_max": max(row["gradient_norm_max"] for row in curve),
        **_means_of_steps(curve),
    }


def _divergence(
    state: State, curve: Sequence[Mapping[str, Any]], loss: float, task: Task
) -> tuple[int, str] | tuple[None, None]:
    """The step at which a trial that has ended diverged, and how; `loss` is on test data, where it was tested."""
    if at := int(state.diverged_at):
        return at, DIVERGED_IN[int(state.diverged_in)]
    if (since := large_loss_since(curve, task.trivial_loss, ended=True)) is not None:
        return since, KIND
    # A last update can leave finite parameters whose loss is not: that trial has diverged at its last step.
    return (None, None) if np.isfinite(loss) else (int(state.step), "loss")


def _test_figures(test: Scores | None, task: Task) -> dict[str, Any]:
    """What test data says of a trial that did not diverge."""
    return {
        **(_means(test)._asdict() if test else dict.fromkeys(Means._fields)),
        "accuracy_by_distance": accuracy_by_bin(test, edges_of(task)) if test else {},
        "test_sequences": int(test.sequences) if test else None,
    }


def _means_of_steps(curve: list[dict[str, Any]]) -> dict[str, float]:
    """What happened to the gradient on the way, as means over all steps."""
    steps = np.array([row["steps_counted"] for row in curve], float)
    names = ("gradient_norm", "gradient_norm_after", "shrink_factor", "clipped_share", "clipped_entries")
    return {name: float(np.sum([row[name] for row in curve] * steps) / max(np.sum(steps), 1)) for name in names}
