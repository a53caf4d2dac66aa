"""The compiled programs of a trial: draw data, initialise, differentiate, update, evaluate.

Each depends on as little as it can, so that many trials share it:

    draw        the task at a length                                      (`seqbench.training.data`)
    initialise  the model's structure
    gradient    the structure, the task's `Interface`, the bucket of lengths, the batch size
    update      the mitigations of the gradient, the optimizer, the shapes of the parameters
    evaluate    the structure, the interface, the bucket

Everything else that distinguishes trials is an argument: the seed, the length, the learning rate with its schedule, the
numbers of the mitigations and the initial parameters. A remedy that acts on the gradient does not touch the program
that makes it. `gradient` and `update` are pure functions of one trial's numbers, so that `jax.vmap` stacks trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from seqbench.compilation import QUICK, compiled, compiled_from
from seqbench.components.assembly import Assembly
from seqbench.components.structure import leaves, structure_of
from seqbench.mitigations.base import Arrays, Chain
from seqbench.models.base import chosen_segments, initialise
from seqbench.probes.base import Probe
from seqbench.protocol import DECIDING, block_sequences, evaluation_batch
from seqbench.tasks.base import Batch, Groups, Task
from seqbench.training.action import start_rows
from seqbench.training.batches import Batches
from seqbench.training.bins import edges_of, padded
from seqbench.training.data import INITIAL, PROBES, TEST, TRAIN, VALIDATION, Block, Data, stream_key
from seqbench.training.decision import decided
from seqbench.training.measure import Measurement, Probed, measure
from seqbench.training.objective import Parameters, Parts, Scores, objective, score
from seqbench.training.state import Numbers, State, Sums
from seqbench.training.update import StepInputs, advance, prepare

LOOK_EVERY = 16
"""Steps between two looks at whether a trial has diverged. A look waits for the step."""

WHOLE: Any = jax.ShapeDtypeStruct((), jnp.int32)
REAL: Any = jax.ShapeDtypeStruct((), jnp.float32)


class Program:
    """The compiled programs of one trial, most of which other trials share."""

    def __init__(self, assembly: Assembly) -> None:
        """Find the model's structure; nothing is compiled until first use."""
        self.task: Task = assembly.task
        self.chain = assembly.chain.compiled
        self.training = assembly.training
        self.structure = structure_of(assembly)
        self.graph, self.shapes = self.structure.graph, self.structure.shapes
        self.data = Data(self.task, self.structure.interface, assembly.names and assembly.names.task)
        self.batches = Batches(
            [Data(task, self.structure.interface, name) for task, name in assembly.trained] or [self.data],
            batch_size=self.training.batch_size,
            in_block=self._sequences(TRAIN) // self.training.batch_size,
            steps=self.training.steps,
        )
        self._names = assembly.names
        self._optimizer, self._schedule = assembly.optimizer, assembly.schedule

    @property
    def probed(self) -> Probed:
        """What probes need to know."""
        return Probed(
            self.task, self.graph, self.chain.within, self.shapes, self.training.batch_size, self.structure.name
        )

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(self.shapes))

    @cached_property
    def segment(self) -> int | None:
        """Steps between stored states in the layer that stores the fewest; None if every layer stores all of them."""
        steps = self.structure.interface.steps
        model = nnx.merge(self.graph, jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), self.shapes))
        chosen = chosen_segments(model, self.training.batch_size, steps).values()
        return min((segment for segment in chosen if segment < steps), default=None)

    def compile(self) -> None:
        """Compile what training and evaluation need, so that a trial's seconds do not count it. Idempotent."""
        for obtain in self.programs().values():
            obtain()

    def programs(self) -> dict[str, Callable[[], object]]:
        """What compiles each kind of program that training and evaluation need, by its name."""

        def draw() -> None:
            self.batches.compile(self._sequences(TRAIN))
            for stream in (VALIDATION, TEST):
                self.data.program(stream, self._sequences(stream))

        return {
            "draw": draw,
            "initialise": lambda: (self._rates, self._initialise, self._prepare),
            "gradient": lambda: self.gradient,
            "update": lambda: self.update,
            "evaluate": lambda: self._evaluate,
        }

    def compile_test(self) -> None:
        """Compile what scoring on test data needs, and no more. Idempotent."""
        self.data.program(TEST, self._sequences(TEST))
        _ = self._evaluate

    def initial(self, seed: int, chain: Chain) -> State:
        """The state before the first step: drawn by the model, then changed on the host by the trial's mitigations."""
        return self.start(seed, chain)[0]

    def start(self, seed: int, chain: Chain) -> tuple[State, list[dict[str, Any]]]:
        """The state before the first step, and rows of the probes table that say how far each remedy changed it."""
        model = nnx.merge(self.graph, jax.device_get(self._initialise(np.int32(seed))))
        changes = initialise(model, chain, lambda place: np.random.default_rng([seed, place]))
        parameters = jax.tree.map(np.asarray, nnx.state(model))
        return self._prepare(parameters, _numbers(chain.after)), start_rows(changes)

    def train(self, state: State, numbers: Numbers, until: int) -> tuple[State, Sums]:
        """Train to step `until`, or to the step that diverges. `state` is used up."""
        within, after = _numbers(numbers.chain.within), _numbers(numbers.chain.after)
        seed: Any = np.int32(numbers.seed)
        rates = np.float32(numbers.learning_rate) * self._rates
        sums = Sums.zero(self.chain.after)
        numbers_of_parameters = len(jax.tree.leaves(self.shapes))
        # A list costs a call much less than the tree: nodes of Flax are taken apart and made again in Python.
        held, structure = jax.tree.flatten(state)
        for step in range(int(state.step), until):
            block, start = self.batches.at(numbers.seed, step)
            parts, gradient = self.gradient(held[:numbers_of_parameters], block, start, within)
            held, sums = self.update(held, sums, parts, gradient, StepInputs(seed, rates[step], after))
            if step % LOOK_EVERY == 0 and int(jax.tree.unflatten(structure, held).diverged_at):
                break
        return jax.tree.unflatten(structure, held), sums

    def evaluate(
        self, parameters: Parameters, seed: int, stream: int, sequences: int, *, until_decided: bool = False,
        groups: Groups | None = None,
    ) -> Scores:  # fmt: skip
        """Score `sequences` sequences of validation or test data, rounded up to whole batches.

        With `until_decided` no more are read, of `DECIDING` at least, once the criterion is out of reach. With `groups`
        what is counted by distance is counted by group instead, by the same program.
        """
        in_block, size = self._sequences(stream), evaluation_batch(self.task.steps)
        edges = self._edges if groups is None else padded(groups.edges, len(self._edges))
        scores = Scores(*np.zeros(5, np.float32), *np.zeros((2, len(edges)), np.float32))
        starts = range(0, sequences, size)
        for start in starts:
            if until_decided and start >= DECIDING:
                scores = jax.device_get(scores)
                if decided(self.task, scores, len(starts) * size - start):
                    break
            block = self.data.block(seed, stream, start // in_block)
            block = block if groups is None else block.grouped(groups)
            scores = self._evaluate(scores, parameters, block, np.int32(start % in_block), edges)
        return jax.device_get(scores)

    def probe_batch(self, seed: int, sequences: int) -> Batch:
        """The sequences that probes look at: none of those that evaluation meets, and the same for every method."""
        return self.data.block(seed, VALIDATION, PROBES).first(sequences, self.task)

    def measure(
        self, parameters: Parameters, numbers: Numbers, *, batch: Batch, probes: Mapping[str, Probe]
    ) -> Measurement:
        """Read probes of a model (`seqbench.training.measure`). Rows name a remedy by its place in `Chain.within`."""
        return measure(self.probed, parameters, batch=batch, arrays=_numbers(numbers.chain.within), probes=probes)

    def _sequences(self, stream: int) -> int:
        """Sequences of a block of one of a seed's streams."""
        return block_sequences(self.task.steps, batch_size=self.training.batch_size if stream == TRAIN else 1)

    @cached_property
    def _rates(self) -> Float[np.ndarray, " S"]:
        """What the learning rate is multiplied by at each step."""
        steps = np.arange(self.training.steps, dtype=np.int32)
        at = jax.vmap(lambda step: jnp.asarray(self._schedule(step), jnp.float32))
        return np.asarray(compiled(at, jax.ShapeDtypeStruct(steps.shape, steps.dtype), options=QUICK)(steps))

    @cached_property
    def _edges(self) -> Int[np.ndarray, " D"]:
        """Upper edges of the bins of distances; those that are left empty stand at the end."""
        return padded(edges_of(self.task))

    @cached_property
    def _initialise(self) -> jax.stages.Compiled:
        def draw(seed: Int[Array, ""]) -> Parameters:
            return nnx.state(self.structure.build(nnx.Rngs(stream_key(seed, INITIAL))))

        return compiled(draw, WHOLE, name=self.structure.initial_name, options=QUICK)

    @cached_property
    def _prepare(self) -> jax.stages.Compiled:
        begin, name = prepare(self.chain.after, self._optimizer), self._update_name("prepare")
        return compiled(begin, self.shapes, _abstract(self.chain.after), name=name, options=QUICK)

    @cached_property
    def gradient(self) -> jax.stages.Compiled:
        """`(parameters, block, start, numbers of Chain.within) -> (parts of the loss, gradient)` of one batch.

        Parameters and gradient are lists of leaves.
        """
        total = objective(self.structure.interface, self.graph, self.chain.within)
        size = self.training.batch_size
        shapes, structure = jax.tree.flatten(self.shapes)

        def differentiate(
            held: list[Array], block: Block, start: Int[Array, ""], arrays: tuple[Arrays, ...]
        ) -> tuple[Parts, list[Array]]:
            parameters, batch = jax.tree.unflatten(structure, held), block.batch(start, size)
            (_, parts), gradient = jax.value_and_grad(total, has_aux=True)(parameters, batch, arrays)
            return parts, jax.tree.leaves(gradient)

        def lower() -> jax.stages.Lowered:
            block = self.data.shape(self._sequences(TRAIN))
            return jax.jit(differentiate).lower(shapes, block, WHOLE, _abstract(self.chain.within))

        return compiled_from(lower, name=self.structure.gradient_name(size, self._sequences(TRAIN)))

    @cached_property
    def update(self) -> jax.stages.Compiled:
        """`(state, sums, parts of the loss, gradient, StepInputs) -> (state, sums)`; the state is used up.

        State and gradient are lists of leaves.
        """
        links = self.chain.after
        take = advance(links, self._optimizer)

        def lower() -> jax.stages.Lowered:
            arrays = _abstract(self.chain.after)
            state, structure = jax.tree.flatten(jax.eval_shape(prepare(links, self._optimizer), self.shapes, arrays))
            gradient, of_gradient = jax.tree.flatten(self.shapes)

            def step(
                held: list[Array], sums: Sums, parts: Parts, gradient: list[Array], inputs: StepInputs
            ) -> tuple[list[Array], Sums]:
                before = jax.tree.unflatten(structure, held)
                after, sums = take(before, sums, parts, jax.tree.unflatten(of_gradient, gradient), inputs)
                return jax.tree.leaves(after), sums

            sums, penalties = Sums.zero(links), sum(link.penalty is not None for link in links.links)
            parts, inputs = Parts(REAL, (REAL,) * penalties), StepInputs(WHOLE, REAL, arrays)
            return jax.jit(step, donate_argnums=0).lower(state, sums, parts, gradient, inputs)

        return compiled_from(lower, name=self._update_name("update"))

    @cached_property
    def _evaluate(self) -> jax.stages.Compiled:
        interface, graph = self.structure.interface, self.graph
        size, bins = evaluation_batch(self.task.steps), len(self._edges)

        def add(
            so_far: Scores, parameters: Parameters, block: Block, start: Int[Array, ""], edges: Int[Array, " D"]
        ) -> Scores:
            batch = block.batch(start, size)
            counted = score(interface, nnx.merge(graph, parameters)(batch), batch, edges)
            return jax.tree.map(jnp.add, so_far, counted)

        def lower() -> jax.stages.Lowered:
            counts: Any = jax.ShapeDtypeStruct((bins,), jnp.float32)
            scores = Scores(REAL, REAL, REAL, REAL, REAL, counts, counts)
            block = self.data.shape(self._sequences(VALIDATION))
            return jax.jit(add).lower(scores, self.shapes, block, WHOLE, jax.ShapeDtypeStruct((bins,), jnp.int32))

        name = self.structure.name and self.structure.name.of("evaluate", size, bins, self._sequences(VALIDATION))
        return compiled_from(lower, name=name)

    def _update_name(self, what: str) -> Any:
        names = self._names
        return names and names.transformations.and_of(names.optimizer).of(what, leaves(self.shapes))


def _numbers(chain: Chain) -> tuple[Arrays, ...]:
    """The numbers of every link, in the type in which programs take them."""
    return tuple({name: np.float32(value) for name, value in link.arrays.items()} for link in chain.links)


def _abstract(chain: Chain) -> tuple[Arrays, ...]:
    """The types of the numbers of every link."""
    return tuple(dict.fromkeys(link.arrays, REAL) for link in chain.links)
