"""One trial from its first step to its outcome: the Python loop around the compiled programs.

The loop calls the training program once an evaluation interval, so that progress, tracking, checkpoints and early
stopping happen between calls and never inside.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from seqbench.compilation import Spent
from seqbench.large_loss import large_loss_since
from seqbench.mitigations.base import Chain
from seqbench.probes.base import Probe
from seqbench.schema import ACCURACY_AT, accuracy_by
from seqbench.tasks.base import Batch, Task
from seqbench.training.action import action_rows, by_remedy
from seqbench.training.bins import accuracy_by_bin, edges_of
from seqbench.training.data import TEST, VALIDATION
from seqbench.training.measure import PROBED, due
from seqbench.training.objective import Parameters, Scores
from seqbench.training.program import Program
from seqbench.training.rows import curve_row, result_row, stops_at, train_loss
from seqbench.training.state import Numbers, State
from seqbench.training.stuck import stuck_at


class Checkpoint(NamedTuple):
    """Where a trial stood after its last finished interval: enough to go on and end with the same bits."""

    state: State
    curve: tuple[dict[str, Any], ...]
    probes: tuple[dict[str, Any], ...]
    seconds: float
    probe_seconds: float


class TrialResult(NamedTuple):
    """What a trial leaves: one row (see `seqbench.schema`), its curve, its probes and the parameters it ended with."""

    row: dict[str, Any]
    curve: list[dict[str, Any]]
    probes: list[dict[str, Any]]
    parameters: Parameters


class Watch(NamedTuple):
    """What probes are read of a trial, and on which sequences; see `seqbench.training.measure`."""

    batch: Batch | None
    probes: Mapping[str, Probe]


def run_trial(
    program: Program,
    *,
    chain: Chain,
    seed: int,
    learning_rate: float,
    probes: Mapping[str, Probe] = MappingProxyType({}),
    others: Mapping[int, Program] = MappingProxyType({}),
    resume: Checkpoint | None = None,
    after_interval: Callable[[Checkpoint], None] = lambda checkpoint: None,
) -> TrialResult:
    """Train one trial to its end.

    Args:
        program: the compiled programs of its group.
        chain: the trial's mitigations, with its own numbers.
        seed: names the data streams and the initialisation.
        learning_rate: the peak learning rate.
        probes: which probes are read, by label, on the schedule of `due`. They change no other number.
        others: programs of the same trial at other dependency lengths, at which the trained network is tested.
        resume: where an interrupted run of the same trial stood.
        after_interval: called after each evaluation with all that is needed to go on from there.

    Returns:
        The finished trial. A trial that diverged is finished: its row says at which step.
    """
    numbers, compile_seconds = Numbers(seed, learning_rate, chain), _compile(program, others)
    point = resume or _start(program, seed, chain)
    watch = Watch(program.probe_batch(seed, PROBED) if probes else None, probes)
    if resume is None:
        point = _look(program, numbers, watch, point, chain)
    while not _over(point.state, point.curve, program):
        point = _look(program, numbers, watch, _interval(program, numbers, seed, point), chain)
        after_interval(point)
    result = _finish(program, seed, chain, point, compile_seconds)
    return _test_elsewhere(result, others, seed, program.task.length) if others else result


def _compile(program: Program, others: Mapping[int, Program]) -> float:
    """Compile all that a trial needs, and trace what its row says of the program; the seconds that it took."""
    before = Spent.seconds
    program.compile()
    for other in others.values():
        other.compile_test()
    compiled, began = Spent.seconds - before, time.monotonic()
    _ = program.segment
    return compiled + time.monotonic() - began


def _start(program: Program, seed: int, chain: Chain) -> Checkpoint:
    """Before the first step."""
    state, rows = program.start(seed, chain)
    return Checkpoint(state, (), tuple(rows), 0.0, 0.0)


def _interval(program: Program, numbers: Numbers, seed: int, point: Checkpoint) -> Checkpoint:
    """Train to the next evaluation, and evaluate."""
    settings = program.training
    until = min(int(point.state.step) + settings.evaluate_every, settings.steps)
    began = time.monotonic()
    state, sums = program.train(point.state, numbers, until)
    # The last evaluation reads all, as it stands in the trial's row; that of a trial that diverges may read less.
    now = {"step": until, "train_loss": train_loss(sums)}
    early = until < _last_step(point.curve, program) and stuck_at((*point.curve, now), settings.stop_when_stuck) is None
    scores = program.evaluate(state.parameters, seed, VALIDATION, settings.validation_sequences, until_decided=early)
    seconds = point.seconds + time.monotonic() - began
    row = curve_row(program, state, sums, scores, seconds)
    return point._replace(state=state, curve=(*point.curve, row), seconds=seconds)


def _look(program: Program, numbers: Numbers, watch: Watch, point: Checkpoint, chain: Chain) -> Checkpoint:
    """Read the probes if they are due or the trial has ended, and keep what they say."""
    settings, step = program.training, int(point.state.step)
    ended = _over(point.state, point.curve, program)
    wanted = ended or due(step, steps=settings.steps, evaluate_every=settings.evaluate_every)
    if watch.batch is None or not wanted:
        return point
    measured = program.measure(point.state.parameters, numbers, batch=watch.batch, probes=watch.probes)
    rows = tuple({"step": step, **by_remedy(chain, row)} for row in measured.rows)
    seconds = point.probe_seconds + measured.seconds + measured.compile_seconds
    return point._replace(probes=(*point.probes, *rows), probe_seconds=seconds)


def _over(state: State, curve: Sequence[dict[str, Any]], program: Program) -> bool:
    """Whether the trial has ended: budget spent, diverged or its loss large, or solved or stuck where that ends it."""
    large = large_loss_since(curve, program.task.trivial_loss, ended=False) is not None
    return large or bool(int(state.step) >= _last_step(curve, program) or int(state.diverged_at) > 0)


def _last_step(curve: Sequence[dict[str, Any]], program: Program) -> float:
    """The step at which the trial ends, as far as its curve shows."""
    settings = program.training
    stuck = stuck_at(curve, settings.stop_when_stuck)
    return min(settings.steps, stops_at(curve, settings.stop_when_solved), math.inf if stuck is None else stuck)


def _finish(program: Program, seed: int, chain: Chain, point: Checkpoint, compile_seconds: float) -> TrialResult:
    """Score a trial that has ended on test data, unless it diverged: that one has no accuracy."""
    began, tested = time.monotonic(), Tested(None, None)
    large = large_loss_since(point.curve, program.task.trivial_loss, ended=True)
    if not int(point.state.diverged_at) and large is None:
        tested = _test(program, point.state.parameters, seed)
    seconds = point.seconds + time.monotonic() - began
    row = result_row(program, point.state, list(point.curve), tested.scores) | {
        "seconds": seconds,
        "compile_seconds": compile_seconds,
        "probe_seconds": point.probe_seconds,
    }
    steps = int(point.state.step)
    # A last update may diverge at the test alone, and then no accuracy counts.
    by_group = [] if row["outcome"] == "diverged" else _group_rows(program.task, tested, steps)
    probes = [*point.probes, *action_rows(chain, point.curve, steps), *by_group]
    return TrialResult(row, list(point.curve), probes, point.state.parameters)


class Tested(NamedTuple):
    """Scores on test data, and those that count by group in place of the distance; None if there are none."""

    scores: Scores | None
    by_group: Scores | None


def _test(program: Program, parameters: Parameters, seed: int) -> Tested:
    """Score on test data: once if all distances are in one bin, which the groups then add up to, else by each."""
    groups, sequences = program.task.groups, program.training.test_sequences
    by_group = program.evaluate(parameters, seed, TEST, sequences, groups=groups) if groups else None
    if by_group is not None and len(edges_of(program.task)) == 1:
        return Tested(by_group, by_group)
    return Tested(program.evaluate(parameters, seed, TEST, sequences), by_group)


def _group_rows(task: Task, tested: Tested, step: int) -> list[dict[str, Any]]:
    """The accuracy on test data by the task's groups."""
    if task.groups is None or tested.by_group is None:
        return []
    return [
        {"step": step, "probe": accuracy_by(task.groups.name), "distance": at, "remedy": None, "value": value}
        for at, value in accuracy_by_bin(tested.by_group, task.groups.edges).items()
    ]


def _test_elsewhere(result: TrialResult, others: Mapping[int, Program], seed: int, length: int) -> TrialResult:
    """Add the accuracy on test data of other dependency lengths, beside that of its own; none if the trial diverged."""
    if result.row["outcome"] == "diverged":
        return result
    began = time.monotonic()
    found = {length: result.row["accuracy"]}
    for other, program in others.items():
        scores = program.evaluate(result.parameters, seed, TEST, program.training.test_sequences)
        found[other] = float(scores.correct / scores.targets)
    rows = [
        {"step": result.row["steps"], "probe": ACCURACY_AT, "distance": at, "remedy": None, "value": accuracy}
        for at, accuracy in sorted(found.items())
    ]
    seconds = result.row["seconds"] + time.monotonic() - began
    return result._replace(row={**result.row, "seconds": seconds}, probes=[*result.probes, *rows])
