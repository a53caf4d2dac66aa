"""What a model is: from a batch's inputs to predictions, built for a task from settings and mitigations.

A model is one file; the file, its function and its name in YAML are the same word. The function takes the YAML
settings (and, if it is recurrent, a `CellBuilder` named `cell` first) and returns a `ModelBuilder`.

Shapes: `B` batch, `T` time, `K` targets, `I` inputs, `H` hidden, `O` outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Num

from seqbench.cells.base import Cell, CellWrapper
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import recurrent_layers
from seqbench.mitigations.base import Chain
from seqbench.tasks.base import Batch, Interface

ModelBuilder = Callable[[Interface, Chain, nnx.Rngs], "Model"]
"""`(task, mitigations, rngs) -> Model`."""


class Model(nnx.Module):
    """A model: `Batch -> predictions [B, K, O]`. It reads inputs, mask and prompt, never targets.

    symbols: size of the input alphabet, 0 if the inputs are features
    read_at: where the task is answered: "last", "every" or "decode"
    variable_length: whether the mask must be obeyed
    """

    any_length: ClassVar[bool] = False
    """Whether it obeys `Batch.steps`, so that one program of it takes sequences of every length of a bucket."""

    causal: ClassVar[bool] = True
    """Whether a prediction at one step depends on that step and earlier ones alone."""

    def __init__(self, task: Interface) -> None:
        self.symbols = task.inputs if task.symbolic else 0
        self.read_at = task.readout
        self.variable_length = task.variable_length

    def mask(self, batch: Batch) -> Bool[Array, "B T"] | None:
        """The batch's mask, or None where every sequence is full and the mask need not be obeyed."""
        return batch.mask if self.variable_length else None

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predict the targets of a batch."""
        raise TypeError(f"{type(self).__name__} cannot be called")

    def taps(self, batch_size: int, steps: int) -> Any:
        """Zeros in the shape of all states over time, or None for a model without recurrence."""
        return None


def encode(inputs: Num[Array, "B T *I"], symbols: int, *, for_loop: bool = False) -> Float[Array, "B T I"]:
    """Symbols as one-hot vectors of size `symbols`; features (`symbols` is 0) as they are.

    Vectors `for_loop` are laid out time first, as a loop over time reads them: XLA would otherwise write them batch
    first and then copy all of them.
    """
    if not symbols:
        return inputs
    if not for_loop:
        return jax.nn.one_hot(inputs, symbols)
    return jnp.swapaxes(jax.nn.one_hot(jnp.swapaxes(inputs, 0, 1), symbols), 0, 1)


def last_valid(
    values: Float[Array, "B T H"], mask: Bool[Array, "B T"] | None, steps: Int[Array, ""] | None = None
) -> Float[Array, "B 1 H"]:
    """The value at each sequence's own last step; without a mask at the last of `steps`, or of all."""
    # Time first, as recurrent layers compute: in this order the gradient takes no transposed copy of all steps.
    by_time = jnp.swapaxes(values, 0, 1)
    if mask is None:
        last = values.shape[1] - 1 if steps is None else steps - 1
        found = jax.lax.dynamic_index_in_dim(by_time, last, keepdims=False)
    else:
        found = by_time[jnp.sum(mask, axis=1, dtype=jnp.int32) - 1, jnp.arange(len(values))]
    return found[:, None]


def require_sizes(model: str, **sizes: int) -> None:
    """Raise Incompatible unless all of these settings of `model` are 1 or more."""
    small = {name: size for name, size in sizes.items() if size < 1}
    if small:
        wanted = " and ".join(f"{name} >= 1, got {size}" for name, size in small.items())
        raise Incompatible(f"{model} needs {wanted}")


def refuse_decode(task: Interface, model: str) -> None:
    """Raise Incompatible if the task wants an answer written after reading: `model` answers in step."""
    if task.readout == "decode":
        raise Incompatible(f"{model} reads and answers in step; this task needs `model: encoder_decoder`")


def refuse_recurrent_remedies(mitigations: Chain, model: str) -> None:
    """Raise Incompatible if a mitigation acts on recurrent cells: `model` has none."""
    for link in mitigations.links:
        if link.cell or link.initialise:
            raise Incompatible(f"{link.called} acts on recurrent cells, and {model} has none")


def refuse_layer_remedies(mitigations: Chain, model: str, why: str) -> None:
    """Raise Incompatible if a mitigation acts on layers; `why` says why `model` leaves no place for it."""
    for link in mitigations.links:
        if link.layer:
            raise Incompatible(f"{link.called} acts between layers, and {model} {why}")


def chosen_segments(model: nnx.Module, batch_size: int, steps: int) -> dict[str, int]:
    """Steps between stored states of each recurrent layer, by its place; fewer than `steps` if it saves memory so."""
    return {name: layer.chosen_segment(batch_size, steps) for name, layer in recurrent_layers(model).items()}


def cells(model: nnx.Module) -> list[tuple[str, Cell]]:
    """Every cell of a model (inside any wrapper) with its place in it, such as `layers.0.cell`, from the bottom up."""
    found = [
        (".".join(str(part) for part in path), module)
        for path, module in nnx.iter_modules(model)
        if isinstance(module, Cell) and not isinstance(module, CellWrapper)
    ]
    return sorted(found, key=lambda item: _order(item[0]))


def initialise(model: Model, chain: Chain, generator: Callable[[int], np.random.Generator]) -> tuple[np.ndarray, ...]:
    """Replace parameters of a model's cells and of its read-out, in place, as every mitigation in turn says.

    Args:
        model: what is initialised.
        chain: the mitigations.
        generator: `place -> generator` of a cell, by its place among the cells, and of the read-out after the last.

    Returns:
        For each mitigation the changes of all entries of the parameters that it set, [0] if it set none.

    Raises:
        Incompatible: a mitigation has no meaning for a cell, or sets the read-out of a model that has none.
    """
    found = cells(model)
    layers = [next((part for part, _ in _order(path) if part >= 0), 0) for path, _ in found]
    changes = [
        chain.initialise(cell, generator(place), layer=layer, depth=max(layers) + 1)
        for place, (layer, (_, cell)) in enumerate(zip(layers, found, strict=True))
    ]
    if setting := next((link for link in chain.links if link.initialise_readout), None):
        readout = getattr(model, "readout", None)
        if not isinstance(readout, nnx.Linear):
            raise Incompatible(f"{setting.called} sets the matrix `readout`, and {type(model).__name__} has none")
        changes.append(chain.initialise_readout(readout, generator(len(found))))
    return tuple(np.concatenate(link) for link in zip(*changes, strict=True))


def _order(path: str) -> list[tuple[int, str]]:
    """Sort key that puts layer 10 after layer 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in path.split(".")]
