"""The compiled programs of a group of trials: initialise, train for an interval, evaluate.

Everything that distinguishes the trials of a group is an argument: the keys of the seed, the learning rate, the
numbers of the mitigations and the initial parameters. Initialisation and training are separate programs, because
compiled together they give other bits than apart.

Shapes: a state's leaves are as the model has them; scalars are arrays of shape [].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key

from seqbench.compilation import compiled, compiled_from
from seqbench.components.assemble import Assembly
from seqbench.mitigations.base import Arrays, Chain, global_norm
from seqbench.models.base import cells, chosen_segments
from seqbench.protocol import evaluation_batch
from seqbench.tasks.base import Batch, Task
from seqbench.training.action import Figures, initial_states, no_action, penalty_shares, start_rows, transformed
from seqbench.training.objective import Parameters, Scores, objective, score

TRAIN, VALIDATION, TEST, INITIAL = range(4)
"""Names of a seed's key streams. They are disjoint by construction, and the same for every method."""

NO_STEP = 2**32 - 1
"""Stands where no step's number can in the training stream: the root of the mitigations' random draws."""

DIVERGED_IN = ("loss", "gradient", "parameters")
"""What can first be not finite in a step: the loss, its gradient, or the parameters that the step would lead to."""


class State(NamedTuple):
    """Where a trial stands: all that training needs to go on.

    diverged_at: the step whose loss or gradient was not finite, 0 if none; parameters are those before that step
    diverged_in: what was not finite first, a place in `DIVERGED_IN`
    """

    parameters: Parameters
    mitigation: tuple[optax.OptState, ...]
    optimizer: optax.OptState
    step: Int[Array, ""]
    diverged_at: Int[Array, ""]
    diverged_in: Int[Array, ""]


class Numbers(NamedTuple):
    """What may differ between trials of one group without compiling again, besides the initial parameters."""

    stream: Key[Array, ""]
    learning_rate: Float[Array, ""]
    arrays: tuple[Arrays, ...]


class Sums(NamedTuple):
    """Sums over the steps since the last evaluation (`gradient_norm_max` is the largest).

    links: what each link of the chain did, see `seqbench.training.action`
    """

    steps: Float[Array, ""]
    loss: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    gradient_norm_max: Float[Array, ""]
    gradient_norm_after: Float[Array, ""]
    shrink_factor: Float[Array, ""]
    clipped_steps: Float[Array, ""]
    clipped_entries: Float[Array, ""]
    links: tuple[Figures, ...]


def stream(seed: int, name: int) -> Key[Array, ""]:
    """The key of one of a seed's streams: TRAIN, VALIDATION, TEST or INITIAL."""
    return jax.random.fold_in(jax.random.key(seed), name)


class Program:
    """The compiled programs of one group, made once and used for each of its trials."""

    def __init__(self, assembly: Assembly) -> None:
        """Trace the model's structure; nothing is compiled until first use."""
        self.task: Task = assembly.task
        self.chain = assembly.chain.compiled
        self.training = assembly.training
        self.evaluation_batch = evaluation_batch(self.task.steps)
        self._build = assembly.build_model
        abstract = nnx.eval_shape(lambda: self._build(nnx.Rngs(0)))
        self.graph, self.shapes = nnx.split(abstract)
        self._direction = assembly.optimizer
        self._multiplier = assembly.schedule
        self._compiled: dict[str, jax.stages.Compiled] = {}
        self._objective = objective(self.task, self.graph, self.chain)

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(self.shapes))

    @cached_property
    def segment(self) -> int | None:
        """Steps between stored states in the layer that stores the fewest; None if every layer stores all of them."""
        model = nnx.merge(self.graph, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), self.shapes))
        chosen = chosen_segments(model, self.training["batch_size"], self.task.steps).values()
        return min((steps for steps in chosen if steps < self.task.steps), default=None)

    def initial(self, seed: int, chain: Chain) -> State:
        """The state before the first step: drawn by the model, then changed on the host by the trial's mitigations."""
        return self.start(seed, chain)[0]

    def start(self, seed: int, chain: Chain) -> tuple[State, list[dict[str, Any]]]:
        """The state before the first step, and rows of the probes table that say how far each remedy changed it."""
        key = stream(seed, INITIAL)
        draw = self._executable("draw", lambda: compiled(self._draw, key, rarely_run=True))
        model = nnx.merge(self.graph, jax.device_get(draw(key)))
        changes = [
            chain.initialise(cell, np.random.default_rng([seed, place])) for place, (_, cell) in enumerate(cells(model))
        ]
        parameters = jax.tree.map(jnp.asarray, nnx.state(model))
        given = parameters, jax.tree.map(jnp.float32, chain.compiled.arrays)
        prepare = self._executable("prepare", lambda: compiled(self._prepare, *given, rarely_run=True))
        return prepare(*given), start_rows([np.concatenate(link) for link in zip(*changes, strict=True)])

    def _draw(self, key: Key[Array, ""]) -> Parameters:
        return nnx.state(self._build(nnx.Rngs(key)))

    def _prepare(self, parameters: Parameters, arrays: tuple[Arrays, ...]) -> State:
        mitigation = initial_states(self.chain, arrays, parameters)
        zero = jnp.zeros((), jnp.int32)
        return State(parameters, mitigation, self._direction.init(parameters), zero, zero, zero)

    def compile(self, state: State, numbers: Numbers) -> None:
        """Compile training and evaluation now, so that the first trial's seconds do not count it. Idempotent."""
        step, test = jnp.zeros((), jnp.int32), jnp.zeros((), bool)
        self._executable("train", lambda: compiled_from(self.lower(state, numbers)))
        self._executable("evaluate", lambda: compiled(self._evaluate, state.parameters, numbers.stream, step, test))

    def lower(self, state: State, numbers: Numbers) -> jax.stages.Lowered:
        """The training program before it is compiled: trials whose programs read alike are one group."""
        return jax.jit(self._train, donate_argnums=0).lower(state, numbers, jnp.zeros((), jnp.int32))

    def train(self, state: State, numbers: Numbers, until: Int[Array, ""]) -> tuple[State, Sums]:
        """Train to step `until`, or to the step that diverges. `state` is used up."""
        return self._executable("train", lambda: compiled_from(self.lower(state, numbers)))(state, numbers, until)

    def evaluate(
        self, parameters: Parameters, key: Key[Array, ""], batches: Int[Array, ""], test: Bool[Array, ""]
    ) -> Scores:
        """Score `batches` batches of validation data, or of `test` data."""
        return self._score(parameters, key, batches, test)[0]

    def validation_batch(self, parameters: Parameters, key: Key[Array, ""]) -> Batch:
        """The batch that `evaluate` scores first under this key. Nothing more is compiled for it."""
        return self._score(parameters, key, jnp.ones((), jnp.int32), jnp.zeros((), bool))[1]

    def _score(self, *given: Any) -> tuple[Scores, Batch]:
        return self._executable("evaluate", lambda: compiled(self._evaluate, *given))(*given)

    def _executable(self, name: str, make: Callable[[], jax.stages.Compiled]) -> jax.stages.Compiled:
        """A program compiled at its first use. It refuses arguments of other shapes, so it never compiles twice."""
        if name not in self._compiled:
            self._compiled[name] = make()
        return self._compiled[name]

    def _train(self, state: State, numbers: Numbers, until: Int[Array, ""]) -> tuple[State, Sums]:
        def going(carry: tuple[State, Sums]) -> Bool[Array, ""]:
            return (carry[0].step < until) & (carry[0].diverged_at == 0)

        def advance(carry: tuple[State, Sums]) -> tuple[State, Sums]:
            return self._step(*carry, numbers)

        nothing = Sums(*jnp.zeros(len(Sums._fields)))._replace(links=no_action(self.chain))
        return jax.lax.while_loop(going, advance, (state, nothing))

    def _step(self, state: State, sums: Sums, numbers: Numbers) -> tuple[State, Sums]:
        batch = self.task.sample(jax.random.fold_in(numbers.stream, state.step), self.training["batch_size"])
        differentiate = jax.value_and_grad(self._objective, has_aux=True)
        (_, (loss, penalties)), gradient = differentiate(state.parameters, batch, numbers.arrays)
        # The barriers keep the compiler from fusing across the stages, so that a remedy that is switched off leaves
        # the same bits as one that is absent.
        gradient = jax.lax.optimization_barrier(gradient)
        key = jax.random.fold_in(jax.random.fold_in(numbers.stream, NO_STEP), state.step)
        changed, mitigation, links = transformed(
            self.chain, gradient, state.mitigation, state.parameters, arrays=numbers.arrays, key=key
        )
        updates, optimizer = self._direction.update(changed, state.optimizer, state.parameters)
        rate = numbers.learning_rate * self._multiplier(state.step)
        parameters = jax.tree.map(lambda p, u: p - rate * u, state.parameters, updates)
        sound = jnp.array([jnp.isfinite(loss), _all_finite(gradient), _all_finite(parameters)])
        finite = jnp.all(sound)
        taken = State(parameters, mitigation, optimizer, state.step + 1, state.diverged_at, state.diverged_in)
        stopped = state._replace(diverged_at=state.step + 1, diverged_in=jnp.argmin(sound).astype(jnp.int32))
        # A choice and not a branch: it stacks under vmap without touching the neighbours.
        chosen = jax.tree.map(lambda new, old: jnp.where(finite, new, old), taken, stopped)
        shares = penalty_shares(self.chain, loss, penalties)
        did = tuple(one | other for one, other in zip(links, shares, strict=True))
        counted = _count(sums, loss, gradient, changed, did)
        return chosen, jax.tree.map(lambda new, old: jnp.where(finite, new, old), counted, sums)

    def _evaluate(
        self, parameters: Parameters, key: Key[Array, ""], batches: Int[Array, ""], test: Bool[Array, ""]
    ) -> tuple[Scores, Batch]:
        """The scores, and the last batch: what looks at a model on validation data need not draw it once more."""
        validation_sampler = self.task.validation or self.task.sample
        test_sampler = self.task.test or self.task.sample

        def draw(key: Key[Array, ""]) -> Batch:
            if validation_sampler is test_sampler:
                return test_sampler(key, self.evaluation_batch)
            return jax.lax.cond(
                test,
                lambda k: test_sampler(k, self.evaluation_batch),
                lambda k: validation_sampler(k, self.evaluation_batch),
                key,
            )

        def add(index: Int[Array, ""], so_far: tuple[Scores, Batch]) -> tuple[Scores, Batch]:
            batch = draw(jax.random.fold_in(key, index))
            predictions = nnx.merge(self.graph, parameters)(batch)
            return jax.tree.map(jnp.add, so_far[0], score(self.task, predictions, batch)), batch

        bins = jnp.zeros(len(self.task.distances or (self.task.length,)))
        none = jnp.zeros(())
        zero = Scores(none, none, none, none, none, bins, bins)
        empty = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), jax.eval_shape(draw, key))
        return jax.lax.fori_loop(0, batches, add, (zero, empty))


def _all_finite(tree: Parameters) -> Bool[Array, ""]:
    return jnp.all(jnp.array([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))


def _count(
    sums: Sums, loss: Float[Array, ""], before: Parameters, after: Parameters, links: tuple[Figures, ...]
) -> Sums:
    """Add one step: the gradient before and after the mitigations, how much of it they changed, and what each did."""
    pairs = list(zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True))
    entries = sum(leaf.size for leaf, _ in pairs)
    differing = sum(jnp.sum(old != new) for old, new in pairs)
    norm, norm_after = global_norm(before), global_norm(after)
    return Sums(
        steps=sums.steps + 1,
        loss=sums.loss + loss,
        gradient_norm=sums.gradient_norm + norm,
        gradient_norm_max=jnp.maximum(sums.gradient_norm_max, norm),
        gradient_norm_after=sums.gradient_norm_after + norm_after,
        shrink_factor=sums.shrink_factor + jnp.where(norm > 0, norm_after / jnp.where(norm > 0, norm, 1), 1),
        clipped_steps=sums.clipped_steps + (differing > 0),
        clipped_entries=sums.clipped_entries + differing / entries,
        links=jax.tree.map(jnp.add, sums.links, links),
    )
