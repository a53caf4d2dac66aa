"""What every task must keep to: shapes, padding, chance level, and an oracle that answers from the inputs alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from seqbench.compilation import QUICK
from seqbench.contracts.base import Check, DoesNotApply, documents_itself, has_defaults, named, require, require_same
from seqbench.contracts.edges import at_the_edges
from seqbench.contracts.task_scores import examine
from seqbench.errors import Incompatible, UsageError
from seqbench.tasks.base import Batch, Task
from seqbench.training.bins import BINS

LENGTHS = (12, 24, 66)
"""The first of these that a task accepts is examined, else its default."""

SIZE = 1024
"""Sequences that are looked at."""

SHOWN = 0.02
"""Share of sequences whose answer must change with what stands at the stated distance. It is small because most of
what is put there instead may mean the same (a digit that ends no word)."""


class Draws(NamedTuple):
    """A batch, the batch of the same key and of another one, and how the predictors score."""

    batch: Batch
    again: Batch
    other: Batch
    scores: dict[str, Any]


class Subject:
    """A task under examination: the function that makes it, and settings other than its defaults."""

    def __init__(self, make: Callable[..., Task], settings: Mapping[str, Any] | None = None) -> None:
        self.make, self.settings, self.name = make, settings or {}, make.__name__

    @cached_property
    def task(self) -> Task:
        """The task at a short length."""
        default = next(iter(inspect.signature(self.make).parameters.values())).default
        for length in (*LENGTHS, default):
            try:
                return self.make(length, **self.settings)
            except Incompatible:
                continue
        raise AssertionError(f"{self.name} accepts none of the lengths {LENGTHS} and not its default either.")

    @cached_property
    def examined(self) -> Draws:
        """Everything the checks look at, from one compiled program."""
        key = jax.random.key(3)
        program = jax.jit(lambda key: examine(self.task, key, SIZE)).lower(key)
        # Compiling takes nearly all of the time, and the program runs three times.
        compiled = program.compile(compiler_options=dict(QUICK))
        runs = [jax.tree.map(np.asarray, compiled(jax.random.key(seed))) for seed in (3, 3, 4)]
        (batch, scores), (again, _), (other, _) = runs
        return Draws(batch, again, other, scores)


def check_task(make: Callable[..., Task], settings: Mapping[str, Any] | None = None) -> list[Check]:
    """The contract of a task, given the function that makes it (its first argument is the dependency length)."""
    return named(CHECKS, Subject(make, settings))


def says_what_it_is_and_where_it_comes_from(subject: Subject) -> None:
    """The module's docstring: a sentence, a source, a worked example, what the length is."""
    text, advice = documents_itself(subject.make), "Write it into the module's docstring."
    require("worked example" in text, f"{subject.name} shows no worked example, in these words. {advice}")
    require("`length`" in text, f"{subject.name} does not say what `length` counts. {advice}")


def settings_have_defaults_and_begin_with_the_length(subject: Subject) -> None:
    """The first argument is `length`, everything has a default, and the constants of the task make sense."""
    parameters = inspect.signature(subject.make).parameters
    first = next(iter(parameters), None)
    require(first == "length", f"The first argument of {subject.name} must be the dependency `length`, not {first!r}.")
    has_defaults(subject.make, list(parameters.values()))
    task = subject.make()
    expected = parameters["length"].default
    require(task.length == expected, f"{subject.name}() has `Task.length` {task.length}; its default is {expected}.")
    ordered = 0 < task.chance <= task.trivial < 1
    require(ordered, f"Expected 0 < chance <= trivial < 1, got {task.chance} and {task.trivial}.")
    require(task.trivial_loss > 0, "`Task.trivial_loss` is the loss of a predictor that has forgotten: it must be > 0.")


def refuses_an_impossible_length(subject: Subject) -> None:
    """Length 0 is refused in words."""
    advice = "raise `Incompatible` with a message that names the length and what it may be."
    try:
        subject.make(0)
    except UsageError as error:
        text = str(error)
        require("length" in text and "0" in text, f"The refusal of length 0 reads {text!r}: {advice}")
        return
    raise AssertionError(f"{subject.name}(0) is accepted, though nothing can be zero steps back: {advice}")


def shapes_and_ranges(subject: Subject) -> None:
    """Arrays have the shapes and types that the sizes of the task announce, and symbols are below their number."""
    task, batch = subject.task, subject.examined.batch
    shapes = {
        "inputs": (SIZE, task.steps) if task.symbolic else (SIZE, task.steps, task.inputs),
        "mask": (SIZE, task.steps),
        "weights": (SIZE, task.targets),
        "distance": (SIZE, task.targets),
    }
    for field, shape in shapes.items():
        found = getattr(batch, field).shape
        require(found == shape, f"`Batch.{field}` must have the shape {shape} for {SIZE} sequences, got {found}.")
    start = batch.targets.shape[:2]
    require(start == (SIZE, task.targets), f"`Batch.targets` must begin with {(SIZE, task.targets)}, got {start}.")
    require(batch.mask.dtype == bool, f"`Batch.mask` must be of type bool, got {batch.mask.dtype}.")
    require(batch.weights.dtype == np.float32, f"`Batch.weights` must be of type float32, got {batch.weights.dtype}.")
    places = {"last": 1, "every": task.steps}.get(task.readout, task.targets)
    require(places == task.targets, f"Read-out {task.readout!r} has {places} targets, `Task.targets` {task.targets}.")
    if task.symbolic:
        _require_numbers(batch.inputs, task.inputs, "Batch.inputs", "Task.inputs")
        shown = len(task.symbols)
        require(shown == task.inputs, f"`Task.symbols` must print each of {task.inputs} symbols, it has {shown}.")
    if np.issubdtype(batch.targets.dtype, np.integer):
        _require_numbers(batch.targets, task.outputs, "Batch.targets", "Task.outputs")
    else:
        last = batch.targets.shape[2:]
        require(last == (task.outputs,), f"`Batch.targets` of values must end with {task.outputs}, got {last}.")


def padding_stands_at_the_end_and_counts_nowhere(subject: Subject) -> None:
    """Masks are runs of True from the first step; padding is neither scored nor read by the oracle."""
    task, batch = subject.task, subject.examined.batch
    require(batch.mask[:, 0].all(), "Every sequence needs a first step: `Batch.mask[:, 0]` must be True.")
    require((batch.mask[:, 1:] <= batch.mask[:, :-1]).all(), "Padding must stand at the end of `Batch.mask`.")
    padded = bool((~batch.mask).any())
    found = f"A batch has {'' if padded else 'no '}padding"
    require(padded == task.variable_length, f"{found}, but `Task.variable_length` is {task.variable_length}.")
    require((batch.weights >= 0).all(), "`Batch.weights` must not be negative.")
    require(batch.weights.sum() > 0, "No target counts: `Batch.weights` is zero everywhere.")
    if task.readout == "every":
        for weights in (batch.weights, batch.loss_weights):
            counted = weights is not None and weights[~batch.mask].any()
            require(not counted, "Weights must be zero on padding: multiply them by `Batch.mask`.")
    moved = subject.examined.scores["padded"]
    require(moved == 0, "What stands on padding changed the oracle's answer: let it look at `Batch.mask`.")


def a_decoder_is_shown_its_previous_target(subject: Subject) -> None:
    """`Batch.prompt` is there for read-out "decode" alone: one start symbol, then the targets one place later."""
    task, batch = subject.task, subject.examined.batch
    decodes, prompt = task.readout == "decode", batch.prompt
    require((prompt is not None) == decodes, f"Read-out {task.readout!r} needs {'a' if decodes else 'no'} prompt.")
    if prompt is None:
        return
    require((prompt[:, 0] == prompt[0, 0]).all(), "Every prompt must begin with the same start symbol.")
    require(prompt.max() < task.outputs, "A prompt holds target symbols: numbers below `Task.outputs`.")
    message = "After its first symbol the prompt must be the targets, one place later."
    require_same(prompt[:, 1:] * batch.counted[:, 1:], batch.targets[:, :-1] * batch.counted[:, 1:], message)


def one_key_gives_one_batch(subject: Subject) -> None:
    """Sampling is a pure function of its key, and can be stacked."""
    examined, task = subject.examined, subject.task
    for field, first, second in zip(Batch._fields, examined.batch, examined.again, strict=True):
        if first is not None:
            require_same(first, second, f"One key gave two different `Batch.{field}`: draw from the key alone.")
    require((examined.batch.inputs != examined.other.inputs).any(), "Two keys gave the same inputs: use the key.")
    several = jax.eval_shape(jax.vmap(lambda key: task.sample(key, 4)), jax.random.split(jax.random.key(0), 3))
    require(several.inputs.shape[:2] == (3, 4), "`sample` under `jax.vmap` must stack batches along a new first axis.")


def the_oracle_answers_from_the_inputs_alone(subject: Subject) -> None:
    """The oracle is right about everything, without seeing targets, weights, distances or the prompt."""
    right, targets = (subject.examined.scores["oracle"][name] for name in ("right", "targets"))
    found = f"From inputs and mask alone the oracle is right about {right.sum():.0f} of {targets.sum():.0f} targets"
    require(np.array_equal(right, targets), f"{found}: either it or the targets are wrong.")


def the_information_stands_at_the_stated_distance(subject: Subject) -> None:
    """Distances are within the length, and changing what stands at the farthest one changes answers."""
    task, examined = subject.task, subject.examined
    scored = examined.batch.distance[examined.batch.weights > 0]
    within = scored.min() >= 0 and scored.max() <= task.length
    require(within, f"`Batch.distance` must lie in 0..{task.length}, got {scored.min()}..{scored.max()}.")
    edges = list(task.distances)
    require(edges == sorted(set(edges)), f"`Task.distances` must increase, got {edges}.")
    require(not edges or edges[-1] == task.length, f"The last of `Task.distances` must be {task.length}, got {edges}.")
    if task.diffuse:
        raise DoesNotApply("the task says that no single step decides an answer")
    # Backwards in time, or forwards where the cue may come after what is asked about.
    share = max(examined.scores["altered"])
    advice = "Correct `Batch.distance`, or set `Task.diffuse` if no single step decides an answer."
    require(share > SHOWN, f"Changing the inputs at the stated distance changed {share:.1%} of the answers. {advice}")


def groups_hold_every_target(subject: Subject) -> None:
    """What accuracy is also recorded by has a number for each target, none beyond the last group."""
    task, batch = subject.task, subject.examined.batch
    if task.groups is None:
        raise DoesNotApply("the task counts nothing beside the distance")
    edges, counts = task.groups.edges, np.asarray(task.groups.number_of(np.asarray(batch.inputs)))
    require(0 < len(edges) <= BINS, f"`Groups.edges` must be one to {BINS}, got {len(edges)}.")
    require(list(edges) == sorted(set(edges)), f"`Groups.edges` must increase, got {edges}.")
    expected = batch.targets.shape[:2]
    require(
        counts.shape == expected, f"`Groups.number_of` must give one number a target, {expected}, got {counts.shape}."
    )
    highest = counts[batch.weights > 0].max()
    require(highest <= edges[-1], f"`Groups.number_of` gave {highest}, beyond the last of `Groups.edges`, {edges[-1]}.")


def chance_and_trivial_scores_are_what_sampling_finds(subject: Subject) -> None:
    """`guess` scores what `trivial` and `trivial_loss` say, within four standard errors."""
    task = subject.task
    if task.guess is not None:
        guess = subject.examined.scores["guess"]
        _require_near(guess["right"], guess["targets"], task.trivial, "Task.trivial")
        _require_near(guess["loss"], guess["weight"], task.trivial_loss, "Task.trivial_loss")
    # Guessing uniformly over all outputs; where a value is asked for, or an output is never right, it is `trivial`.
    known = (task.trivial, 1 / task.outputs)
    require(task.chance in known, f"`Task.chance` must be 1 / outputs or `trivial`, one of {known}, got {task.chance}.")


def at_the_edges_of_its_settings_its_constants_and_inputs_are_numbers(subject: Subject) -> None:
    """Whatever a grid may set: chance and losses make sense, a batch can be drawn, and features are finite."""
    for settings in at_the_edges(subject.make):
        if "length" in settings:
            task = _or_none(subject.make, settings)
        else:
            task = _or_none(subject.make, {"length": subject.task.length, **subject.settings, **settings})
        if task is None:
            continue
        scores = task.chance, task.trivial, task.trivial_loss
        sensible = 0 < task.chance <= task.trivial <= 1 and 0 <= task.trivial_loss < np.inf
        require(sensible, f"With {settings} chance, trivial and trivial_loss are {scores}: narrow the range.")
        draw = jax.jit(lambda key, task=task: task.sample(key, 2).inputs)
        if task.symbolic:  # whole numbers are finite
            jax.eval_shape(draw, jax.random.key(0))
            continue
        finite = bool(jnp.all(jnp.isfinite(draw(jax.random.key(0)))))
        require(finite, f"With {settings} inputs are not finite: narrow the range.")


def _or_none(make: Callable[..., Task], settings: Mapping[str, Any]) -> Task | None:
    """The task, unless it refuses these settings."""
    try:
        return make(**settings)
    except UsageError:
        return None


CHECKS: tuple[Callable[[Subject], None], ...] = (
    says_what_it_is_and_where_it_comes_from,
    settings_have_defaults_and_begin_with_the_length,
    refuses_an_impossible_length,
    shapes_and_ranges,
    padding_stands_at_the_end_and_counts_nowhere,
    a_decoder_is_shown_its_previous_target,
    one_key_gives_one_batch,
    the_oracle_answers_from_the_inputs_alone,
    the_information_stands_at_the_stated_distance,
    groups_hold_every_target,
    chance_and_trivial_scores_are_what_sampling_finds,
    at_the_edges_of_its_settings_its_constants_and_inputs_are_numbers,
)


def _require_numbers(values: Any, count: int, name: str, size: str) -> None:
    """Demand symbols: whole numbers of type int32, from 0 to below `count`."""
    require(values.dtype == np.int32, f"`{name}` must be of type int32, got {values.dtype}.")
    low, high = values.min(), values.max()
    require(low >= 0 and high < count, f"`{name}` must lie in 0..{count - 1} (`{size}` - 1), got {low}..{high}.")


def _require_near(part: np.ndarray, whole: np.ndarray, expected: float, name: str) -> None:
    """Demand that the ratio of two sums over sequences is within four standard errors of what is expected."""
    deviations = part - expected * whole
    error = 4 * deviations.std() / np.sqrt(len(deviations))
    near = abs(deviations.mean()) <= error + 1e-5 * whole.mean()
    require(near, f"`{name}` says {expected:.5g}, but `Task.guess` scores {part.sum() / whole.sum():.5g}.")
