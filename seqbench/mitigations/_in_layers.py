"""A remedy that acts in some layers of a model alone."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation


def in_layers(mitigation: Mitigation, layers: Sequence[int]) -> Mitigation:
    """The mitigation in these layers alone, counted from 0 at the bottom; the read-out is none of them.

    Raises:
        Incompatible: it acts on the loss, or on the gradient of all parameters together.
    """
    for what, place in (("loss", mitigation.penalty), ("gradient", mitigation.gradient)):
        if place:
            raise Incompatible(
                f"{mitigation.called} acts on the {what} as a whole, not in single layers: leave `layers` out"
            )
    return mitigation._replace(layers=tuple(layers), initialise_readout=None)
