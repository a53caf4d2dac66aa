"""What every mitigation must keep to: it trains, it is off when it says so, other numbers compile nothing.

A mitigation that can be switched off says so in its module: `OFF` holds the settings that do it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

import jax
import jax.monitoring
import numpy as np
from flax import nnx

from seqbench.cells.base import CellBuilder
from seqbench.cells.gru import gru
from seqbench.cells.vanilla import vanilla
from seqbench.contracts.base import (
    Check,
    DoesNotApply,
    documents_itself,
    named,
    require,
    require_same,
    settings_are_checked,
)
from seqbench.contracts.edges import at_the_edges
from seqbench.contracts.trainer import Trainer
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Chain, Mitigation, Switched, chain

CELLS = (vanilla(), gru())
"""The baseline is the first of these for which the mitigation has a meaning."""

STEPS = 3


class Subject:
    """A mitigation under examination: the function that makes it, with its defaults."""

    def __init__(self, make: Callable[..., Mitigation]) -> None:
        self.make, self.name = make, make.__name__

    def links(self, **settings: Any) -> Chain:
        """The mitigation alone."""
        return chain(self.make(**settings))

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting with its default."""
        return {name: setting.default for name, setting in inspect.signature(self.make).parameters.items()}

    @property
    def off(self) -> Mapping[str, Any] | None:
        """The settings that switch it off, or None if its module names none for it."""
        off = getattr(inspect.getmodule(self.make), "OFF", None)
        return off if off is not None and set(off) <= set(self.settings) else None

    @property
    def cell(self) -> CellBuilder:
        """The cell of the baseline."""
        return next(cell for place, cell in enumerate(CELLS) if self.trainers[1] is plain(place))

    @cached_property
    def trainers(self) -> tuple[Trainer, Trainer]:
        """The mitigation's trainer with default settings, and that of the baseline. Compiled once for all checks."""
        for place, cell in enumerate(CELLS):
            baseline = plain(place)
            try:
                links = self.links()
                # What only initialises has no program of its own: it uses the baseline's.
                made = Trainer(*links.links, cell=cell) if links.compiled.links else baseline
                made.initial(own=links)
            except Incompatible:
                continue
            return made, baseline
        raise AssertionError(f"{self.name} refuses both a vanilla cell and a GRU: a remedy must act on one of them.")


def check_mitigation(make: Callable[..., Mitigation]) -> list[Check]:
    """The contract of a mitigation, given the function that makes it."""
    return named(CHECKS, Subject(make))


def says_what_it_is_and_where_it_comes_from(subject: Subject) -> None:
    """The module's docstring: a sentence and a source; the function's: a line."""
    first = documents_itself(subject.make).partition("\n")[0]
    require(first.endswith("."), f"The module's docstring must begin with a sentence of one line, got {first!r}.")


def its_settings_are_named_have_defaults_and_are_checked(subject: Subject) -> None:
    """Settings are keyword-only, and their defaults are of the types they are annotated with."""
    settings_are_checked(subject.make)
    made = type(subject.make())
    require(made is Mitigation, f"{subject.name} must return a Mitigation, it returns {made.__name__}.")


def its_arrays_are_settings_with_the_values_given(subject: Subject) -> None:
    """`arrays` are settings by the same names: a group's key leaves settings out by their names."""
    arrays = subject.make().arrays
    unknown = sorted(set(arrays) - set(subject.settings))
    require(not unknown, f"`Mitigation.arrays` names {', '.join(unknown)}, which {subject.name} has no setting for.")
    for name, value in arrays.items():
        expected = subject.settings[name]
        require(value == expected, f"`arrays[{name!r}]` is {value}, but the setting is {expected}: pass it on.")


def a_few_steps_of_training_move_the_parameters_to_finite_numbers(subject: Subject) -> None:
    """Training moves, and nothing overflows. What reaches further back than this task may stand still."""
    trainer, _ = subject.trainers
    links = subject.links()
    before = jax.tree.leaves_with_path(trainer.initial(own=links).parameters)
    after = leaves(trainer, links)
    for (path, _), new in zip(before, after, strict=True):
        require(np.all(np.isfinite(new)), f"{jax.tree_util.keystr(path)} is not finite after {STEPS} steps.")
    moved = [not np.array_equal(old, new) for (_, old), new in zip(before, after, strict=True)]
    require(any(moved), f"No parameter moves in {STEPS} steps: the gradient is lost on its way.")


def switched_off_it_is_the_baseline_to_the_bit(subject: Subject) -> None:
    """With the settings of `OFF`, training gives the very bits of the plain network."""
    if subject.off is None:
        raise DoesNotApply("the module names no settings `OFF` that switch it off")
    trainer, baseline = subject.trainers
    links = subject.links(**subject.off)
    # Off is either a number of the program or no part of it.
    program = trainer if links.compiled.links else baseline
    for off, bare in zip(leaves(program, links), leaves(baseline, chain()), strict=True):
        message = f"With {dict(subject.off)} training differs from the plain network: `OFF` must change no bit."
        require_same(off, bare, message)


def what_it_wraps_can_be_switched_off_for_gradients_alone(subject: Subject) -> None:
    """With `Mitigation.wraps`, its modules are `Switched`; switched off, they compute the same values forward."""
    trace = subject.make().wraps
    if trace is None:
        raise DoesNotApply("it wraps nothing, or does not say in `wraps` what its modules do to the gradient")
    trainer, _ = subject.trainers
    batch = trainer.task.sample(jax.random.key(0), 2)
    model, off = (nnx.merge(trainer.program.graph, trainer.initial().parameters) for _ in range(2))
    switched = [module for _, module in nnx.iter_modules(off) if isinstance(module, Switched)]
    require(bool(switched), f"With `wraps={trace}` its modules must be `Switched`, and none in the model is.")
    for module in switched:
        require(module.trace is trace, f"A `Switched` module has the trace {module.trace}, the mitigation {trace}.")
        module.off = True
    require_same(off(batch), model(batch), "Switched off, a module must compute the same values forward.")


def numbers_seed_and_learning_rate_do_not_compile_again(subject: Subject) -> None:
    """Trials that differ in these share one compiled program."""
    trainer, _ = subject.trainers
    settings = {key: value * 0.5 for key, value in subject.make().arrays.items()}
    trials = [(subject.links(), 11, 0.1), (subject.links(**settings), 12, 0.2)]
    prepared = [
        (trainer.initial(seed=seed, own=links), trainer.numbers(seed=seed, learning_rate=rate, own=links))
        for links, seed, rate in trials
    ]
    jax.block_until_ready(trainer.program.train(*prepared[0], STEPS))
    with compilations() as counted:
        jax.block_until_ready(trainer.program.train(*prepared[1], STEPS))
    advice = "Use the numbers of `arrays` as traced arguments and never in Python conditions."
    require(not counted, f"Other numbers compiled {len(counted)} new programs. {advice}")


def at_the_edges_of_its_settings_the_first_step_is_finite_and_goes_down(subject: Subject) -> None:
    """Whatever a grid may set. What changes the gradient leaves it downhill, unless it is drawn at random."""
    for settings in at_the_edges(subject.make):
        try:
            links = subject.links(**settings)
            gradient, steps = Trainer(*links.compiled.links, cell=subject.cell).first_steps(own=links, seeds=2)
        except Incompatible:
            continue
        finite = all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((gradient, steps)))
        require(finite, f"With {settings} the first step is not finite: narrow the range.")
        slope = sum(float(np.vdot(*pair)) for pair in zip(*map(jax.tree.leaves, (gradient, steps[0])), strict=True))
        drawn = any(np.any(one != other) for one, other in zip(*map(jax.tree.leaves, steps), strict=True))
        require(drawn or slope >= 0, f"With {settings} the first step goes uphill: narrow the range.")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    says_what_it_is_and_where_it_comes_from,
    its_settings_are_named_have_defaults_and_are_checked,
    its_arrays_are_settings_with_the_values_given,
    a_few_steps_of_training_move_the_parameters_to_finite_numbers,
    switched_off_it_is_the_baseline_to_the_bit,
    what_it_wraps_can_be_switched_off_for_gradients_alone,
    numbers_seed_and_learning_rate_do_not_compile_again,
    at_the_edges_of_its_settings_the_first_step_is_finite_and_goes_down,
)


@cache
def plain(place: int) -> Trainer:
    """The baseline with one of `CELLS`."""
    return Trainer(cell=CELLS[place])


def leaves(trainer: Trainer, links: Chain) -> list[np.ndarray]:
    """All parameters after a few steps, none of which may have diverged."""
    state, sums = trainer.train(steps=STEPS, own=links)
    require(state.diverged_at == 0, f"Training diverged in step {int(state.diverged_at)}.")
    require(sums.steps == STEPS, f"Training took {int(sums.steps)} steps and not {STEPS}.")
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state.parameters)]


@contextmanager
def compilations() -> Iterator[list[str]]:
    """Counts what XLA compiles in the block."""
    counted: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event.endswith("backend_compile_duration"):
            counted.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield counted
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
