"""What a task is: pure functions that make sequences, score answers and solve them, and the sizes around them.

Shapes: `B` batch, `T` time steps, `K` targets of a sequence, `I` inputs, `O` outputs.

A task is one file; the file, its function and its name in YAML are the same word, and the function's **first
argument is the dependency length**: the number of steps between the information and the place where it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, TypedDict

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Key, Num

from seqbench.buckets import bucket

Readout = Literal["last", "every", "decode"]


class Batch(NamedTuple):
    """`B` sequences of at most `T` steps, padded at the end.

    inputs: symbols `Int[B, T]` (numbers below `Task.inputs`) or features `Float[B, T, I]`
    targets: classes `Int[B, K]` or values `Float[B, K, O]`; K is 1 for read-out "last", T for "every"
    mask: True where the sequence has a step, False on padding
    weights: 1 where a target is scored, 0 elsewhere
    distance: steps between the information and each target
    prompt: the previous target symbols, for read-out "decode" only (teacher forcing)
    loss_weights: what each target counts in the loss where that differs from `weights`, which the accuracy goes by
    steps: how many of the T steps the longest sequence has, where T is a bucket; None if it has all of them
    answers: how many of the K targets there are, for read-out "decode" in a bucket; None if all are
    """

    inputs: Num[Array, "B T *I"]
    targets: Num[Array, "B K *O"]
    mask: Bool[Array, "B T"]
    weights: Float[Array, "B K"]
    distance: Int[Array, "B K"]
    prompt: Int[Array, "B K"] | None = None
    loss_weights: Float[Array, "B K"] | None = None
    steps: Int[Array, ""] | None = None
    answers: Int[Array, ""] | None = None

    @property
    def counted(self) -> Float[Array, "B K"]:
        """What each target counts in the loss: `loss_weights`, or `weights` where these are the same."""
        return self.weights if self.loss_weights is None else self.loss_weights


class Criterion(NamedTuple):
    """When a trial counts as solved: `metric` reaches `at`; a sequence is right where every target of it is."""

    metric: Literal["accuracy", "sequence_accuracy", "loss"] = "accuracy"
    at: float = 0.95

    def met(self, *, accuracy: float, sequence_accuracy: float, loss: float) -> bool:
        """Whether these test figures meet the criterion. NaN never does."""
        if self.metric == "loss":
            return loss <= self.at
        return (accuracy if self.metric == "accuracy" else sequence_accuracy) >= self.at


Predictions = Float[Array, "B K O"]

Score = Callable[[Predictions, Num[Array, "B K *O"]], Float[Array, "B K"]]
"""`(predictions, targets) -> ` one figure a target."""


class Interface(NamedTuple):
    """All that a compiled program knows of a task, so that tasks and lengths that agree in it share the program.

    Fields are those of `Task`. `steps` and `targets` are sizes of buffers: of one length, or, if `bucketed`, of a
    bucket of lengths, and `Batch.steps` and `Batch.answers` then say how much of them is used.
    """

    inputs: int
    outputs: int
    readout: Readout
    symbolic: bool
    variable_length: bool
    steps: int
    targets: int
    bucketed: bool
    loss: Score
    correct: Score

    @property
    def named(self) -> dict[str, Any] | None:
        """The interface as JSON can hold it; None if its loss or its count of right answers has no name."""
        names = {name: function_name(getattr(self, name)) for name in ("loss", "correct")}
        return None if None in names.values() else {**self._asdict(), **names}


def function_name(function: Callable[..., Any]) -> str | None:
    """What a function can be found by, `partial` and its arguments included; None for a lambda or a closure."""
    if isinstance(function, partial):
        inner = function_name(function.func)
        return inner and f"{inner}{function.args!r}{sorted(function.keywords.items())!r}"
    name = getattr(function, "__qualname__", "<")
    return None if "<" in name else f"{function.__module__}.{name}"


class Groups(NamedTuple):
    """What, beside the distance, test accuracy is recorded by: a number that each target has.

    name: what is counted, such as "attractors"
    edges: upper edges of the groups, rising, eight at most; no number is larger than the last
    number_of: `inputs [N, T] -> Int[N, K]`, the number of each target, on the host; T may include padding
    """

    name: str
    edges: tuple[int, ...]
    number_of: Callable[[np.ndarray], np.ndarray]


class Task(NamedTuple):
    """A task at one dependency length.

    sample: `(key, batch_size) -> Batch`, traced into the compiled program; one key always gives one batch
    loss: `(predictions [B, K, O], targets) -> Float[B, K]`, one loss a target
    correct: `(predictions [B, K, O], targets) -> Float[B, K]`, 1 where the answer counts as right
    oracle: `Batch -> predictions [B, K, O]`, the right answer from the inputs alone
    inputs: number of symbols, or of features a step
    outputs: number of classes, or of values a target
    length: dependency length in steps
    steps: T, the longest sequence
    targets: K
    chance: expected accuracy of guessing uniformly, without looking
    trivial: expected accuracy of the best predictor that does not use the information from `length` steps back
    trivial_loss: expected loss of that predictor
    distances: upper edges of the bins in which accuracy by distance is recorded; one bin by default
    variable_length: whether sequences of a batch differ in length, so that the mask must be obeyed
    symbols: how to print each symbol; empty for features
    validation: samples unseen items where data is finite (texts, images); None: `sample` on other keys
    test: the same for the final figures
    guess: `Batch -> predictions`, the predictor whose accuracy and loss are `trivial` and `trivial_loss`
    diffuse: whether no single step decides an answer, such as one pixel of an image or one letter of a running text
    groups: what else test accuracy is recorded by; None if nothing else
    """

    sample: Callable[[Key[Array, ""], int], Batch]
    loss: Score
    correct: Score
    oracle: Callable[[Batch], Predictions]
    inputs: int
    outputs: int
    length: int
    steps: int
    targets: int = 1
    readout: Readout = "last"
    symbolic: bool = True
    chance: float = 0.0
    trivial: float = 0.0
    trivial_loss: float = 0.0
    criterion: Criterion = Criterion()
    distances: tuple[int, ...] = ()
    variable_length: bool = False
    symbols: tuple[str, ...] = ()
    validation: Callable[[Key[Array, ""], int], Batch] | None = None
    test: Callable[[Key[Array, ""], int], Batch] | None = None
    guess: Callable[[Batch], Predictions] | None = None
    diffuse: bool = False
    groups: Groups | None = None

    def interface(self, *, bucketed: bool = False) -> Interface:
        """What a compiled program knows of it: with buffers of the bucket of its length, or of its length itself."""
        steps, targets = self.steps, self.targets
        if bucketed:
            steps = bucket(steps)
            targets = {"last": 1, "every": steps}.get(self.readout) or bucket(targets)
        return Interface(
            self.inputs, self.outputs, self.readout, self.symbolic, self.variable_length, steps, targets,
            bucketed, self.loss, self.correct,
        )  # fmt: skip


def cross_entropy(predictions: Predictions, targets: Int[Array, "B K"]) -> Float[Array, "B K"]:
    """Negative log-likelihood of each target in nats; `predictions` are logits."""
    return optax.softmax_cross_entropy_with_integer_labels(predictions, targets)


def classified(predictions: Predictions, targets: Int[Array, "B K"]) -> Float[Array, "B K"]:
    """1 where the largest logit stands at the target."""
    return (jnp.argmax(predictions, -1) == targets).astype(jnp.float32)


def squared_error(predictions: Predictions, targets: Float[Array, "B K O"]) -> Float[Array, "B K"]:
    """Squared error of each target, averaged over its `O` values."""
    return jnp.mean(jnp.square(predictions - targets), axis=-1)


def full_mask(batch_size: int, steps: int) -> Bool[Array, "B T"]:
    """The mask of a batch without padding."""
    return jnp.ones((batch_size, steps), bool)


def single_target(
    inputs: Num[Array, "B T *I"],
    targets: Num[Array, "B 1 *O"],
    distance: int | Int[Array, "B 1"],
    mask: Bool[Array, "B T"] | None = None,
) -> Batch:
    """A batch with one target a sequence, read at the end and always scored; without a mask none is padded."""
    rows, steps = inputs.shape[:2]
    return Batch(
        inputs=inputs,
        targets=targets,
        mask=full_mask(rows, steps) if mask is None else mask,
        weights=jnp.ones((rows, 1)),
        distance=jnp.full((rows, 1), distance),
    )


def certain(classes: Int[Array, "B K"], outputs: int) -> Predictions:
    """Logits that put nearly all probability on `classes`: what an oracle returns."""
    return 20.0 * jax.nn.one_hot(classes, outputs)


def all_but(classes: Int[Array, "B K"], outputs: int) -> Predictions:
    """Logits that share nearly all probability evenly among the other classes."""
    return -certain(classes, outputs)


def undecided(batch: Batch, outputs: int) -> Predictions:
    """Equal logits for every class: what a predictor that knows nothing returns."""
    return jnp.zeros((*batch.weights.shape, outputs))


class EvenClasses(TypedDict):
    """The fields of `Task` that `one_of` settles."""

    loss: Score
    correct: Score
    guess: Callable[[Batch], Predictions]
    outputs: int
    chance: float
    trivial: float
    trivial_loss: float


def one_of(classes: int) -> EvenClasses:
    """The fields of a task whose answer is one of `classes`, all equally likely without the information.

    Chance and the trivial score are then 1 / classes, and the loss is ln(classes). Written `Task(**one_of(8), ...)`.
    """
    return EvenClasses(
        loss=cross_entropy,
        correct=classified,
        guess=lambda batch: undecided(batch, classes),
        outputs=classes,
        chance=1 / classes,
        trivial=1 / classes,
        trivial_loss=math.log(classes),
    )


def quarters(length: int) -> tuple[int, ...]:
    """Upper edges of four equal bins of distances up to `length`."""
    return tuple(sorted({-(-length * part // 4) for part in (1, 2, 3, 4)}))
