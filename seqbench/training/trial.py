"""One trial from its first step to its outcome: the Python loop around the compiled programs.

The loop calls the training program once an evaluation interval, so that progress, tracking, checkpoints and early
stopping happen between calls and never inside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from seqbench.mitigations.base import Chain
from seqbench.probes import due, measure
from seqbench.tasks.base import Task
from seqbench.training.objective import Parameters, Scores
from seqbench.training.program import (
    DIVERGED_IN,
    EVALUATION_BATCH,
    TEST,
    TRAIN,
    VALIDATION,
    Numbers,
    Program,
    State,
    Sums,
    stream,
)

HELD = 3
"""Consecutive evaluations that must meet the criterion before a trial counts as solved on the way."""

CHANCE_MARGIN = 0.05
"""A trial is at chance if its accuracy is less than this share of the way from the trivial predictor to perfect."""


class Checkpoint(NamedTuple):
    """Where a trial stood after its last finished interval: enough to go on and end with the same bits."""

    state: State
    curve: tuple[dict[str, Any], ...]
    probes: tuple[dict[str, Any], ...]
    seconds: float
    probe_seconds: float


class Finished(NamedTuple):
    """What a trial leaves: one row (see `seqbench.schema`), its curve, its probes and the parameters it ended with."""

    row: dict[str, Any]
    curve: list[dict[str, Any]]
    probes: list[dict[str, Any]]
    parameters: Parameters


def run_trial(
    program: Program,
    *,
    chain: Chain,
    seed: int,
    learning_rate: float,
    probes: str | Sequence[str] = "none",
    resume: Checkpoint | None = None,
    after_interval: Callable[[Checkpoint], None] = lambda checkpoint: None,
) -> Finished:
    """Train one trial to its end.

    Args:
        program: the compiled programs of its group.
        chain: the trial's mitigations, with its own numbers.
        seed: names the data streams and the initialisation.
        learning_rate: the peak learning rate.
        probes: which probes are read, on the schedule of `seqbench.probes.due`. They change no other number.
        resume: where an interrupted run of the same trial stood.
        after_interval: called after each evaluation with all that is needed to go on from there.

    Returns:
        The finished trial. A trial that diverged is finished: its row says at which step.
    """
    settings = program.training
    numbers = Numbers(
        stream(seed, TRAIN), jnp.asarray(learning_rate, jnp.float32), jax.tree.map(jnp.float32, chain.compiled.arrays)
    )
    look = partial(_look, program, numbers, seed, probes)
    point = resume or Checkpoint(program.initial(seed, chain), (), (), 0.0, 0.0)
    began = time.monotonic()
    program.compile(point.state, numbers)
    compile_seconds = time.monotonic() - began
    if resume is None:
        point = look(point)
    while not _over(point.state, point.curve, program):
        until = min(int(point.state.step) + settings["evaluate_every"], settings["steps"])
        began = time.monotonic()
        state, sums = program.train(point.state, numbers, jnp.asarray(until, jnp.int32))
        scores = _evaluate(program, state, seed, VALIDATION, settings["validation_sequences"])
        seconds = point.seconds + time.monotonic() - began
        row = _curve_row(state, sums, scores, program.task, seconds)
        point = look(point._replace(state=state, curve=(*point.curve, row), seconds=seconds))
        after_interval(point)
    began = time.monotonic()
    test = _evaluate(program, point.state, seed, TEST, settings["test_sequences"])
    row = _result_row(program, point.state, list(point.curve), test)
    row |= {
        "seconds": point.seconds + time.monotonic() - began,
        "compile_seconds": compile_seconds,
        "probe_seconds": point.probe_seconds,
    }
    return Finished(row, list(point.curve), list(point.probes), point.state.parameters)


def _look(program: Program, numbers: Numbers, seed: int, probes: str | Sequence[str], point: Checkpoint) -> Checkpoint:
    """Read the probes if they are due, and keep what they say."""
    settings, step = program.training, int(point.state.step)
    if not due(step, steps=settings["steps"], evaluate_every=settings["evaluate_every"]):
        return point
    measured = measure(
        program, point.state.parameters, key=stream(seed, VALIDATION), arrays=numbers.arrays, which=probes
    )
    rows = tuple({"step": step, **row} for row in measured.rows)
    seconds = point.probe_seconds + measured.seconds + measured.compile_seconds
    return point._replace(probes=(*point.probes, *rows), probe_seconds=seconds)


def _over(state: State, curve: Sequence[dict[str, Any]], program: Program) -> bool:
    """Whether the trial has ended: budget spent, diverged, or solved where the grid stops there."""
    settings = program.training
    solved = settings["stop_when_solved"] and solved_at(curve) is not None
    return bool(int(state.step) >= settings["steps"] or int(state.diverged_at) > 0 or solved)


def solved_at(curve: Sequence[dict[str, Any]]) -> int | None:
    """Step of the first of `HELD` consecutive evaluations that met the criterion, or None."""
    run = 0
    for place, row in enumerate(curve):
        run = run + 1 if row["met"] else 0
        if run == HELD:
            return int(curve[place - HELD + 1]["step"])
    return None


def _evaluate(program: Program, state: State, seed: int, name: int, sequences: int) -> Scores:
    batches = jnp.asarray(-(-sequences // EVALUATION_BATCH), jnp.int32)
    return jax.device_get(program.evaluate(state.parameters, stream(seed, name), batches, jnp.asarray(name == TEST)))


def _means(scores: Scores) -> tuple[float, float]:
    """Accuracy and loss."""
    return float(scores.correct / scores.targets), float(scores.loss / scores.targets)


def _curve_row(state: State, sums: Sums, scores: Scores, task: Task, seconds: float) -> dict[str, Any]:
    sums, steps = jax.device_get(sums), max(float(sums.steps), 1.0)
    accuracy, loss = _means(scores)
    return {
        "step": int(state.step),
        "train_loss": float(sums.loss) / steps if sums.steps else float("nan"),
        "validation_loss": loss,
        "validation_accuracy": accuracy,
        "gradient_norm": float(sums.gradient_norm) / steps,
        "gradient_norm_max": float(sums.gradient_norm_max),
        "gradient_norm_after": float(sums.gradient_norm_after) / steps,
        "shrink_factor": float(sums.shrink_factor) / steps,
        "clipped_share": float(sums.clipped_steps) / steps,
        "clipped_entries": float(sums.clipped_entries) / steps,
        "steps_counted": int(sums.steps),
        "met": task.criterion.met(accuracy=accuracy, loss=loss) and int(state.diverged_at) == 0,
        "accuracy_by_distance": _by_distance(scores, task),
        "seconds": seconds,
    }


def _by_distance(scores: Scores, task: Task) -> dict[int, float]:
    """Accuracy for each dependency length that occurs, named by the upper edge of its bin."""
    edges = task.distances or (task.length,)
    return {
        edge: float(right / count)
        for edge, right, count in zip(edges, scores.correct_by_distance, scores.targets_by_distance, strict=True)
        if count > 0
    }


def outcome(task: Task, *, accuracy: float, loss: float, diverged: bool) -> str:
    """What became of a trial: diverged, solved (meets the task's criterion on test data), chance or partial.

    Chance: accuracy less than `CHANCE_MARGIN` of the way from the trivial predictor's to 1.
    """
    if diverged:
        return "diverged"
    if task.criterion.met(accuracy=accuracy, loss=loss):
        return "solved"
    return "chance" if accuracy < task.trivial + CHANCE_MARGIN * (1 - task.trivial) else "partial"


def _result_row(program: Program, state: State, curve: list[dict[str, Any]], test: Scores) -> dict[str, Any]:
    task, settings, last = program.task, program.training, curve[-1]
    accuracy, loss = _means(test)
    # A last update can leave finite parameters whose loss is not: that trial has diverged at its last step.
    diverged = int(state.diverged_at) or (0 if np.isfinite(loss) else int(state.step))
    counted = np.array([row["steps_counted"] for row in curve], float)

    def mean(name: str) -> float:
        values = np.array([row[name] for row in curve])
        return float(np.sum(values * counted) / max(np.sum(counted), 1))

    return {
        "outcome": outcome(task, accuracy=accuracy, loss=loss, diverged=diverged > 0),
        "accuracy": None if diverged else accuracy,
        "loss": None if diverged else loss,
        "sequence_accuracy": None if diverged else float(test.sequences_correct / test.sequences),
        "accuracy_by_distance": {} if diverged else _by_distance(test, task),
        "validation_accuracy": last["validation_accuracy"],
        "validation_loss": last["validation_loss"],
        "chance": task.chance,
        "trivial": task.trivial,
        "trivial_loss": task.trivial_loss,
        "solved_metric": task.criterion.metric,
        "solved_threshold": task.criterion.at,
        "solved_at": solved_at(curve),
        "diverged_at": diverged or None,
        "diverged_kind": DIVERGED_IN[int(state.diverged_in)] if diverged else None,
        "steps": int(state.step),
        "budget": settings["steps"],
        "evaluate_every": settings["evaluate_every"],
        "parameters": program.parameters,
        "batch_size": settings["batch_size"],
        "segment": program.segment,
        "test_sequences": int(test.sequences),
        "optimizer": settings["optimizer"]["name"],
        "gradient_norm": mean("gradient_norm"),
        "gradient_norm_max": max(row["gradient_norm_max"] for row in curve),
        "gradient_norm_after": mean("gradient_norm_after"),
        "shrink_factor": mean("shrink_factor"),
        "clipped_share": mean("clipped_share"),
        "clipped_entries": mean("clipped_entries"),
    }
