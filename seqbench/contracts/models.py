"""What every model must keep to: answers in the right places, padding that changes nothing, remedies that act."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.contracts.base import Check, DoesNotApply, documents_itself, has_defaults, named, require, require_same
from seqbench.contracts.edges import at_the_edges
from seqbench.contracts.toys import STEPS, toy_batch, toy_task
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation, chain
from seqbench.mitigations.residual import residual
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.models.base import Model, ModelBuilder
from seqbench.tasks.base import Batch, Task

READOUTS = ("last", "every", "decode")
SMALL = {"width": 6, "depth": 2, "window": 3, "levels": 2, "kernel": 2, "heads": 2}
"""Settings by which a model is made small, where it has them."""


class Compiled(NamedTuple):
    """A model for sequences of different lengths, its task, and `(state, batch) -> ((loss, predictions), gradient)`."""

    task: Task
    state: nnx.State
    run: Callable[[nnx.State, Batch], Any]

    def predict(self, batch: Batch) -> np.ndarray:
        """The predictions for a batch."""
        return np.asarray(self.run(self.state, batch)[0][1])


class Subject:
    """A model under examination: the function that makes its builder, with its defaults but small."""

    def __init__(self, make: Callable[..., ModelBuilder]) -> None:
        self.make, self.name = make, make.__name__
        self._compiled: dict[str, Compiled] = {}

    @property
    def is_recurrent(self) -> bool:
        """Whether it reads through a cell."""
        return "cell" in inspect.signature(self.make).parameters

    def build(self, task: Task, *mitigations: Mitigation, settings: Mapping[str, Any] | None = None) -> Model:
        """A small model for a task."""
        known = inspect.signature(self.make).parameters
        settings = settings or {key: value for key, value in SMALL.items() if key in known}
        first = (gru(),) if self.is_recurrent else ()
        return self.make(*first, **settings)(task.interface(), chain(*mitigations), nnx.Rngs(0))

    @cached_property
    def readouts(self) -> tuple[str, ...]:
        """The read-outs it does not refuse."""
        return tuple(readout for readout in READOUTS if self.refusal(readout) is None)

    def refusal(self, readout: str) -> str | None:
        """What it says where it refuses a read-out."""
        try:
            self.build(toy_task(readout=readout))
        except Incompatible as error:
            return str(error)
        return None

    @property
    def refuses_layers(self) -> bool:
        """Whether it leaves no place for remedies between layers."""
        try:
            self.build(toy_task(readout=self.readouts[0]), residual())
        except Incompatible:
            return True
        return False

    def compiled(self) -> Iterator[tuple[str, Compiled]]:
        """The model for each of its read-outs, compiled once for all checks."""
        for readout in self.readouts:
            if readout not in self._compiled:
                self._compiled[readout] = self._compile(readout)
            yield readout, self._compiled[readout]

    def _compile(self, readout: str) -> Compiled:
        task = toy_task(readout=readout, variable_length=True)
        graph, state = nnx.split(self.build(task))
        return Compiled(task, state, _differentiate(graph, task))


def _differentiate(graph: nnx.GraphDef, task: Task) -> Callable[[nnx.State, Batch], Any]:
    """`(state, batch) -> ((loss, predictions), gradient)`."""

    def loss(state: nnx.State, batch: Batch) -> tuple[jax.Array, jax.Array]:
        predictions = nnx.merge(graph, state)(batch)
        return jnp.sum(task.loss(predictions, batch.targets) * batch.weights), predictions

    return jax.jit(jax.value_and_grad(loss, has_aux=True))


def check_model(make: Callable[..., ModelBuilder]) -> list[Check]:
    """The contract of a model, given the function that makes its builder."""
    return named(CHECKS, Subject(make))


def documents_itself_and_has_defaults(subject: Subject) -> None:
    """A recurrent model's first argument is `cell`; everything else has a default."""
    documents_itself(subject.make)
    settings = list(inspect.signature(subject.make).parameters.values())
    if subject.is_recurrent:
        require(settings.pop(0).name == "cell", "A recurrent model's first argument must be `cell`.")
    has_defaults(subject.make, settings)


def answers_some_readout_and_refuses_the_others_in_words(subject: Subject) -> None:
    """A model reads in step, or decodes; what it refuses it names, and says which model to use instead."""
    require(subject.readouts, f"{subject.name} refuses every read-out: it must answer one of {', '.join(READOUTS)}.")
    decodes = "decode" in subject.readouts
    expected = ("decode",) if decodes else ("last", "every")
    require(subject.readouts == expected, f"A model answers (last and every) or decode, this one {subject.readouts}.")
    for readout in set(READOUTS) - set(subject.readouts):
        text = subject.refusal(readout) or ""
        require(subject.name in text, f"The refusal of read-out {readout!r} must name {subject.name}, got {text!r}.")
        advises = decodes or "encoder_decoder" in text
        require(advises, f"The refusal of read-out {readout!r} must advise `model: encoder_decoder`, got {text!r}.")


def refuses_sizes_below_one(subject: Subject) -> None:
    """A width, depth, window or number of heads below 1 is answered with the setting's name, not with a traceback."""
    known = inspect.signature(subject.make).parameters
    sizes = [name for name in ("width", "depth", "window", "heads") if name in known and known[name].default]
    if not sizes:
        raise DoesNotApply("the model has no sizes")
    for name in sizes:
        try:
            subject.make(*((gru(),) if subject.is_recurrent else ()), **{name: 0})
        except Incompatible as error:
            require(name in str(error), f"Refusing {name} = 0 must name the setting, got {str(error)!r}.")
            continue
        raise AssertionError(f"{name} = 0 is accepted: refuse it by `require_sizes`.")


def predicts_every_target_and_every_parameter_has_a_finite_gradient(subject: Subject) -> None:
    """Predictions are [B, K, O], and no parameter is idle."""
    for readout, compiled in subject.compiled():
        (_, predictions), gradient = compiled.run(compiled.state, toy_batch(compiled.task))
        _require_predictions(predictions, compiled.task, readout)
        for path, leaf in jax.tree.leaves_with_path(gradient):
            name = f"{jax.tree_util.keystr(path)} (read-out {readout!r})"
            require(np.all(np.isfinite(leaf)), f"The gradient of {name} is not finite.")
            require(np.any(leaf), f"{name} has no effect: leave it out, or use it.")


def with_the_smallest_sizes_and_every_choice_the_gradient_is_finite(subject: Subject) -> None:
    """Whatever a grid may set: one unit, one layer, one step. Larger sizes are more of the same."""
    task, smallest = toy_task(readout=subject.readouts[0]), dict[str, Any]()
    choices: list[dict[str, Any]] = [{}]
    for settings in at_the_edges(subject.make):
        [(name, value)] = settings.items()
        if isinstance(value, int) and not isinstance(value, bool):
            smallest.setdefault(name, value)
        else:
            choices.append(settings)
    for choice in choices:
        settings = smallest | choice
        graph, state = nnx.split(subject.build(task, settings=settings))
        value, gradient = _differentiate(graph, task)(state, toy_batch(task))
        finite = all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves((value, gradient)))
        require(finite, f"With {settings} outputs or gradients are not finite at the start: narrow the range.")


def padding_changes_nothing_and_rows_do_not_touch(subject: Subject) -> None:
    """What stands on padding reaches no scored answer, and no sequence reaches its neighbour."""
    for readout, compiled in subject.compiled():
        task, batch = compiled.task, toy_batch(compiled.task)
        scored = np.asarray(batch.mask) if readout == "every" else np.ones(batch.weights.shape, bool)
        plain, where = compiled.predict(batch), f"(read-out {readout!r})"
        padded = batch._replace(inputs=jnp.where(batch.mask, batch.inputs, (batch.inputs + 1) % task.inputs))
        message = f"Padding changed an answer {where}: use `Model.mask`."
        require_same(compiled.predict(padded)[scored], plain[scored], message)
        touched = batch._replace(inputs=batch.inputs.at[1].set((batch.inputs[1] + 1) % task.inputs))
        other = compiled.predict(touched)
        message = f"One sequence of a batch changed another {where}: never mix the first axis."
        require_same(np.delete(other, 1, 0), np.delete(plain, 1, 0), message)
        require(np.any(other[1] != plain[1]), f"The inputs have no effect on the answer {where}.")


def looks_ahead_only_if_it_says_so(subject: Subject) -> None:
    """`causal` is true if and only if earlier answers do not depend on later inputs."""
    if "every" not in subject.readouts:
        raise DoesNotApply("the model does not answer at every step")
    compiled = dict(subject.compiled())["every"]
    task, batch = compiled.task, toy_batch(compiled.task)
    ahead = batch._replace(inputs=batch.inputs.at[3, 3].set((batch.inputs[3, 3] + 1) % task.inputs))
    before, after = (compiled.predict(given)[3] for given in (batch, ahead))
    require(np.any(before[3] != after[3]), "The answer at a step does not depend on the input at that step.")
    earlier, causal = np.array_equal(before[:3], after[:3]), subject.build(task).causal
    found = "do not depend" if earlier else "depend"
    require(earlier == causal, f"Earlier answers {found} on later inputs, but `causal` is {causal}.")


def reads_features_as_well_as_symbols(subject: Subject) -> None:
    """A task of features a step gives finite predictions of the same shape."""
    for readout in subject.readouts:
        task = toy_task(readout=readout, symbolic=False)
        graph, state = nnx.split(subject.build(task))
        predictions = jax.jit(lambda state, batch, graph=graph: nnx.merge(graph, state)(batch))(state, toy_batch(task))
        _require_predictions(predictions, task, readout)
        require(np.all(np.isfinite(predictions)), f"Predictions from features are not finite (read-out {readout!r}).")


def remedies_for_cells_act_or_are_refused(subject: Subject) -> None:
    """A recurrent model has a tap for each of its states; a model without cells has none and says so."""
    task = toy_task(readout=subject.readouts[0])
    if subject.is_recurrent:
        shapes = {leaf.shape[1:] for leaf in jax.tree.leaves(subject.build(task, skip_in_time(steps=2)).taps(2, STEPS))}
        expected = {(2, SMALL["width"])}
        require(shapes == expected, f"`taps` must hold arrays [T, B, H] with (B, H) in {expected}, got {shapes}.")
        return
    _require_refusal(subject, task, skip_in_time(steps=2), f"{subject.name} has none", "refuse_recurrent_remedies")
    require(subject.build(task).taps(2, STEPS) is None, "A model without recurrence must have no `taps`.")


def remedies_between_layers_act_or_are_refused(subject: Subject) -> None:
    """`residual` changes the predictions, or is refused with the reason."""
    task = toy_task(readout=subject.readouts[0])
    if subject.refuses_layers:
        _require_refusal(subject, task, residual(), f"{subject.name} has", "refuse_layer_remedies")
        return
    plain, changed = (
        jax.jit(subject.build(task, *remedies).__call__)(toy_batch(task)) for remedies in ((), (residual(),))
    )
    advice = "Wrap every layer by `mitigations.layer`, or refuse by `refuse_layer_remedies`."
    require(np.any(changed != plain), f"`residual` is accepted but changes nothing. {advice}")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    documents_itself_and_has_defaults,
    answers_some_readout_and_refuses_the_others_in_words,
    refuses_sizes_below_one,
    predicts_every_target_and_every_parameter_has_a_finite_gradient,
    with_the_smallest_sizes_and_every_choice_the_gradient_is_finite,
    padding_changes_nothing_and_rows_do_not_touch,
    looks_ahead_only_if_it_says_so,
    reads_features_as_well_as_symbols,
    remedies_for_cells_act_or_are_refused,
    remedies_between_layers_act_or_are_refused,
)


def _require_predictions(predictions: Any, task: Task, readout: str) -> None:
    """Demand the shape [B, K, O]."""
    expected = (len(toy_batch(task).inputs), task.targets, task.outputs)
    found = predictions.shape
    require(found == expected, f"Predictions must have the shape {expected} (read-out {readout!r}), got {found}.")


def _require_refusal(subject: Subject, task: Task, remedy: Mitigation, words: str, how: str) -> None:
    """Demand that a mitigation is refused with these words."""
    try:
        subject.build(task, remedy)
    except Incompatible as error:
        require(words in str(error), f"A refusal must say `{words} ...`, got {str(error)!r}: use `{how}`.")
        return
    raise AssertionError(f"A mitigation that finds nothing to act on is accepted: refuse it by `{how}`.")
