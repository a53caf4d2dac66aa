"""The structure of a trial's model: what is known of it before any number is drawn, found once for trials alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from flax import nnx
from jaxtyping import Array, Key

from seqbench.compilation import Name
from seqbench.components.assembly import Assembly
from seqbench.components.program_names import ProgramNames
from seqbench.models.base import Model
from seqbench.tasks.base import Interface

KEPT = 512
"""Structures kept in a process; the one that was asked for longest ago goes first."""


class Structure(NamedTuple):
    """A model without numbers, for tasks of one interface.

    build: `rngs -> model`
    graph, shapes: the model taken apart by `nnx.split`, with shapes in place of arrays
    name: what names it, if anything does
    """

    interface: Interface
    build: Callable[[nnx.Rngs], Model]
    graph: nnx.GraphDef[Model]
    shapes: Any
    names: ProgramNames | None

    @property
    def name(self) -> Name | None:
        """The name of what is compiled from it."""
        return self.names and self.names.structure(self.interface)

    def gradient_name(self, batch_size: int, sequences: int) -> Name | None:
        """The name of the program that differentiates it on batches out of blocks of so many sequences."""
        return self.name and self.name.of("gradient", batch_size, sequences)

    @property
    def initial_name(self) -> Name | None:
        """The name of what draws its parameters: tasks whose parameters have the same shapes share it."""
        steps = 0 if self.interface.bucketed else self.interface.steps
        return self.names and self.names.model.of("initial", steps, leaves(self.shapes))


_kept: OrderedDict[str, Structure] = OrderedDict()


def structure_of(assembly: Assembly) -> Structure:
    """The structure of a trial's model: for the bucket of its length if the model obeys `Batch.steps`.

    Raises:
        Incompatible: the model, its cell, its task and its mitigations do not fit together.
    """
    names = assembly.names
    interfaces = assembly.task.interface(bucketed=True), assembly.task.interface()
    known = [names.structure(interface).text for interface in interfaces] if names else []
    for text in known:
        if text in _kept:
            _kept.move_to_end(text)
            return _kept[text]
    found = _find(assembly, interfaces[0])
    if not nnx.merge(found.graph, found.shapes).any_length:
        found = _find(assembly, interfaces[1])
    assembly.chain.check(nnx.merge(found.graph, found.shapes))
    if found.name:
        _kept[found.name.text] = found
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found


def _find(assembly: Assembly, interface: Interface) -> Structure:
    def build(rngs: nnx.Rngs) -> Model:
        return assembly.build_model(interface, rngs)

    graph, shapes = nnx.split(nnx.eval_shape(lambda: build(_one_key())))
    return Structure(interface, build, graph, shapes, assembly.names)


class _OneKey(nnx.RngStream):
    """Gives the same key whenever it is asked: for shapes, where what is drawn does not matter."""

    def __call__(self) -> Key[Array, ""]:
        return self.key[...]


def _one_key() -> nnx.Rngs:
    rngs: Any = nnx.Rngs(0)
    rngs.default = _OneKey(0, tag="default")
    return rngs


def leaves(shapes: Any) -> str:
    """The shapes of a tree's leaves, in words."""
    found = jax.tree.leaves_with_path(shapes)
    return " ".join(f"{jax.tree_util.keystr(path)}:{leaf.dtype}{list(leaf.shape)}" for path, leaf in found)
