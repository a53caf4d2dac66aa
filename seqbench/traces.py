"""What proves that a remedy acted: the traces that remedies leave, and the figures that measure them.

A figure is a probe (`seqbench.schema.PROBE_COLUMNS`) whose column `remedy` says which remedy of the method left it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trace(StrEnum):
    """Where a remedy intervenes, as far as it can be seen from outside.

    GRADIENT: changes the finished gradient of the parameters
    LOSS: adds a term to the loss
    START: sets parameters before training
    PATH: adds a path through time or around a layer, on which a gradient can travel
    BACKWARD: changes the gradient on its way back through time and no value on the way forward
    """

    GRADIENT = "gradient"
    LOSS = "loss"
    START = "start"
    PATH = "path"
    BACKWARD = "backward"


@dataclass(frozen=True)
class Remedy:
    """A remedy of a method: the name that the grid gives it, and what it leaves to be measured."""

    name: str
    traces: tuple[Trace, ...]


PROOF: dict[Trace, str] = {
    Trace.GRADIENT: "steps_changed",
    Trace.LOSS: "penalty_share",
    Trace.START: "start_change",
    Trace.PATH: "path_share",
    Trace.BACKWARD: "share_held_back",
}
"""The figure that proves each trace: above 0, the remedy acted."""

GRADIENT_CHANGED = "gradient_changed"

FIGURES: dict[str, str] = {
    PROOF[Trace.GRADIENT]: "share of the training steps in which the remedy changed the gradient it was given",
    GRADIENT_CHANGED: "norm of that change divided by the norm of the gradient it was given, mean over training steps",
    PROOF[Trace.LOSS]: "share of the penalty in the loss with this penalty, mean over training steps",
    PROOF[Trace.START]: "root mean square change of the parameters that the remedy set before training",
    PROOF[Trace.PATH]: "share of the gradient at the bottom layer's state that came by the remedy's path, by distance",
    PROOF[Trace.BACKWARD]: "share of the gradient at the bottom layer's state that the remedy held back, by distance",
}
"""Every figure and what it measures."""
