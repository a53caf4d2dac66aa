"""The places that a user can name: this machine, or a Ray cluster."""

from __future__ import annotations

from seqbench.errors import UsageError
from seqbench.execution.local import ThisMachine
from seqbench.execution.machine import LOCAL
from seqbench.execution.place import Place

RAY = "ray"


def place_named(name: str) -> Place:
    """The place of a name: `local`, `ray` for the cluster that this machine belongs to, or `ray://HOST:PORT`.

    Raises:
        UsageError: there is no such place.
    """
    if name == LOCAL:
        return ThisMachine()
    if name != RAY and not name.startswith("ray://"):
        raise UsageError(f"--on {name}: say local, ray, or ray://HOST:PORT")
    from seqbench.execution.ray_cluster import RayCluster

    return RayCluster("auto" if name == RAY else name)
