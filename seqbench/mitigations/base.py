"""What a mitigation is: a remedy that can be applied to any cell, as a value with a few places to intervene.

A mitigation is one file; the file, its function and its name in YAML are the same word. The function takes the YAML
settings and returns a `Mitigation`. Each place defaults to doing nothing, and `chain` composes mitigations in order,
as `optax.chain` composes gradient transformations.

Places to intervene:

- `cell`: wrap the builder of every cell (skip connections in time, truncation)
- `layer`: wrap every layer of the model (residual connections, normalisation)
- `initialise`: replace parameters of every cell before training, on the host, in NumPy: never compiled
- `initialise_readout`: the same for the model's read-out
- `penalty`: add a term to the loss
- `gradient`: transform the gradient before the optimizer sees it

What each place leaves to be measured is its trace (`seqbench.traces`), which proves that a remedy acted. That of
`gradient`, `penalty` and `initialise` follows from the place; a remedy that wraps says in `wraps` what its modules do.

Numbers named in `arrays` are arguments of the compiled program and not constants in it, so that trials that differ
only in them share one program. `penalty` and `gradient` are given them; `bind` hands them to the cells and layers with
which this mitigation wrapped the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Key

from seqbench.cells._by_layer import ByLayer, of_layer
from seqbench.cells.base import Cell, CellBuilder
from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import LayerCall
from seqbench.mitigations._start import replaced_in_turn
from seqbench.traces import Trace

Arrays = Mapping[str, Any]
"""A mitigation's numbers by name, traced inside the compiled program."""


class LayerContext(NamedTuple):
    """Where a layer stands: its place from the bottom, the widths it reads and gives, and the source of randomness."""

    index: int  # type: ignore[assignment]
    inputs: int
    outputs: int
    depth: int
    rngs: nnx.Rngs


class Forward(NamedTuple):
    """What a penalty may look at: the model as a pure function of its parameters and of taps on its states.

    parameters: the trained arrays
    batch: the batch of this step
    model: `parameters -> Model`
    loss: `(parameters, taps) -> scalar`, the task's loss without penalties
    taps: zeros in the shape of all states over time, or None for a model without recurrence
    seen: what each recurrent layer met in this step's pass, by its place in the model; gradients flow through it
    """

    parameters: Any
    batch: Any
    model: Callable[[Any], Any]
    loss: Callable[[Any, Any], Float[Array, ""]]
    taps: Any
    seen: Mapping[str, LayerCall]


class Mitigation(NamedTuple):
    """A remedy. Every field is optional; see the module's docstring for what each one may do.

    arrays: the settings that are arrays in the compiled program, with this trial's values
    cell: `CellBuilder -> CellBuilder`
    layer: `(layer, LayerContext) -> layer`
    initialise: `(cell, numpy generator) -> {parameter name: new value}` for one cell
    initialise_readout: `(read-out, numpy generator) -> {parameter name: new value}`, beside `initialise`
    penalty: `(arrays, Forward) -> scalar`, added to the loss
    gradient: `arrays -> optax.GradientTransformation`; beside the mitigation's numbers, `arrays["key"]` is a key for
        random draws that is another one in every step
    bind: `(model, arrays) -> None`, called on every fresh copy of the model in the training program
    wraps: the trace that `cell` or `layer` leave: `Trace.PATH` or `Trace.BACKWARD`, if the modules that they put into
        the model are `Switched`; None if what they do can only be seen in what the model learns
    check: `(built model) -> None`, raises Incompatible where the remedy cannot act on the model as all of them made it
    layers: in which layers `cell`, `layer` and `initialise` act, counted from 0 at the bottom; empty: in all
    mends: whether `gradient` replaces one that is not finite, which then is no divergence
    name: what it is called in YAML, for errors
    """

    arrays: Mapping[str, float] = {}
    cell: Callable[[CellBuilder], CellBuilder] | None = None
    layer: Callable[[Layer, LayerContext], Layer] | None = None
    initialise: Callable[[Cell, np.random.Generator], Mapping[str, np.ndarray]] | None = None
    initialise_readout: Callable[[nnx.Linear, np.random.Generator], Mapping[str, np.ndarray]] | None = None
    penalty: Callable[[Arrays, Forward], Float[Array, ""]] | None = None
    gradient: Callable[[Arrays], optax.GradientTransformation] | None = None
    bind: Callable[[nnx.Module, Arrays], None] | None = None
    wraps: Trace | None = None
    mends: bool = False
    layers: tuple[int, ...] = ()
    check: Callable[[nnx.Module], None] | None = None
    name: str = ""

    @property
    def called(self) -> str:
        """Its name; one that was made by hand has none."""
        return self.name or "a mitigation"

    def acts_in(self, layer: int, depth: int) -> bool:
        """Whether it acts in a layer, counted from 0 at the bottom, of a model of this depth."""
        if self.layers and max(self.layers) >= depth:
            named = ", ".join(map(str, self.layers))
            raise Incompatible(
                f"{self.called} is to act in layers {named}, counted from 0, and the model's are 0 to {depth - 1}"
            )
        return not self.layers or layer in self.layers

    @property
    def traces(self) -> tuple[Trace, ...]:
        """What this remedy leaves to be measured, by the places where it intervenes."""
        derived = {Trace.START: self.initialise, Trace.LOSS: self.penalty, Trace.GRADIENT: self.gradient}
        own = (self.wraps,) if self.wraps else ()
        return (*own, *(trace for trace, place in derived.items() if place))

    @property
    def is_compiled(self) -> bool:
        """Whether it stands in the compiled program; what only initialises does not, and leaves no trace in it."""
        return self.acts_within or self.acts_after

    @property
    def acts_within(self) -> bool:
        """Whether it stands in the program that differentiates the loss: in the model, or as a term of the loss."""
        return any(place is not None for place in (self.cell, self.layer, self.penalty))

    @property
    def acts_after(self) -> bool:
        """Whether it stands in the program that takes a step: it changes the gradient, or its share is counted."""
        return any(place is not None for place in (self.penalty, self.gradient))


class Switched:
    """A module that a remedy puts into the model and whose effect on the gradient can be switched off.

    With `off` set the module computes the same values forward. Where the remedy adds a path, no gradient takes it;
    where it changes the gradient on its way back, the gradient passes unchanged. Probes compare both.

    link, trace: place of the remedy among those of `Chain.within`, and its `Mitigation.wraps`, set by the chain
    """

    link: int | None = None
    trace: Trace | None = None
    off: bool = False

    def path(self, values: Any) -> Any:
        """The values that travel on the remedy's own path; constants when it is switched off."""
        return jax.lax.stop_gradient(values) if self.off else values


class Chain(NamedTuple):
    """Mitigations in the order in which they are applied."""

    links: tuple[Mitigation, ...] = ()

    @property
    def compiled(self) -> Chain:
        """The links that stand in the compiled program."""
        return Chain(tuple(link for link in self.links if link.is_compiled))

    @property
    def within(self) -> Chain:
        """The links that stand in the program that differentiates the loss."""
        return Chain(tuple(filter(attrgetter("acts_within"), self.links)))

    @property
    def after(self) -> Chain:
        """The links that stand in the program that takes a step."""
        return Chain(tuple(filter(attrgetter("acts_after"), self.links)))

    @property
    def mends(self) -> bool:
        """Whether a gradient that is not finite is replaced by one of the links."""
        return any(link.mends for link in self.links)

    @property
    def places_within(self) -> tuple[int, ...]:
        """The place in this chain of each link of `within`."""
        return tuple(place for place, link in enumerate(self.links) if link.acts_within)

    @property
    def compiled_places(self) -> tuple[int, ...]:
        """The place in this chain of each link of `compiled`."""
        return tuple(place for place, link in enumerate(self.links) if link.is_compiled)

    @property
    def arrays(self) -> tuple[Mapping[str, float], ...]:
        """The numbers of every link, in order: an argument of the compiled program."""
        return tuple(link.arrays for link in self.links)

    def cell(self, builder: CellBuilder) -> CellBuilder:
        """Wrap a cell builder, or that of each layer, by every link in turn; the first link is innermost."""
        if isinstance(builder, ByLayer) or any(link.cell and link.layers for link in self.links):
            return ByLayer(lambda index, depth: self._cell(of_layer(builder, index, depth), index, depth))
        return self._cell(builder, 0, 1)

    def _cell(self, builder: CellBuilder, index: int, depth: int) -> CellBuilder:
        for place, link in enumerate(self.within.links):
            if link.cell and link.acts_in(index, depth):
                builder = _marking(link.cell(builder), place, link.wraps)
        return builder

    def layer(self, layer: Layer, context: LayerContext) -> Layer:
        """Wrap a layer by every link in turn; the first link is innermost."""
        for place, link in enumerate(self.within.links):
            if link.layer and link.acts_in(context.index, context.depth):
                layer = _marked(link.layer(layer, context), place, link.wraps)
        return layer

    def initialise(
        self, cell: Cell, generator: np.random.Generator, *, layer: int = 0, depth: int = 1
    ) -> tuple[np.ndarray, ...]:
        """Replace parameters of `cell`, in place, as every link in turn says that acts in its layer, one of `depth`.

        Each link that draws has a stream of its own, which does not depend on links that draw nothing.

        Returns:
            For each link the changes of all entries of the parameters that it set, [0] if it set none.
        """
        acting = [link.initialise if link.acts_in(layer, depth) else None for link in self.links]
        return replaced_in_turn(cell, acting, generator)

    def initialise_readout(self, readout: nnx.Linear, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The same for the read-out of a model."""
        return replaced_in_turn(readout, [link.initialise_readout for link in self.links], generator)

    def check(self, model: nnx.Module) -> None:
        """Refuse a link that cannot act on `model` as the chain has built it.

        Raises:
            Incompatible: says which and why: its modules found no place there, or it says so itself.
        """
        placed = {each.link for _, each in nnx.iter_modules(model) if isinstance(each, Switched)}
        for place, link in enumerate(self.within.links):
            if link.wraps and place not in placed:
                raise Incompatible(f"{link.called} finds no place in this model, which would be as it is without")
            if link.check:
                link.check(model)

    def bind(self, model: nnx.Module, arrays: tuple[Arrays, ...]) -> None:
        """Hand the (traced) numbers of every link to what it put into `model`."""
        for link, own in zip(self.links, arrays, strict=True):
            if link.bind:
                link.bind(model, own)

    def gradients(
        self, arrays: tuple[Arrays, ...], key: Key[Array, ""] | None = None
    ) -> tuple[optax.GradientTransformation, ...]:
        """The gradient transformation of every link, given the (traced) numbers of all and this step's key.

        A link without one has the identity. Without a key the result can only `init`.
        """
        keys = [None if key is None else jax.random.fold_in(key, place) for place in range(len(self.links))]
        return tuple(
            link.gradient({**own, "key": its_key}) if link.gradient else optax.identity()
            for link, own, its_key in zip(self.links, arrays, keys, strict=True)
        )


def chain(*mitigations: Mitigation) -> Chain:
    """Compose mitigations in order. `chain()` is the plain baseline."""
    return Chain(mitigations)


def _marked(module: Any, place: int, trace: Trace | None) -> Any:
    """The module, with every `Switched` one in it that no link has claimed yet claimed for the link at `place`."""
    for _, each in nnx.iter_modules(module):
        if isinstance(each, Switched) and each.link is None:
            each.link, each.trace = place, trace
    return module


def _marking(build: CellBuilder, place: int, trace: Trace | None) -> CellBuilder:
    return lambda inputs, hidden, rngs: _marked(build(inputs, hidden, rngs), place, trace)
