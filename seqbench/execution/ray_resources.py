"""What workers need of a Ray cluster's nodes, and whether any of them has it: Ray itself would wait without a word."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import NamedTuple

from seqbench.errors import EnvironmentFault, UsageError

GPU_RUNTIME_BYTES = 700_000_000
"""Of a GPU's memory, by each process that uses it, before it holds anything."""

SMALLEST_SHARE = 0.01
"""Shares of a GPU are rounded up to a multiple of it; Ray counts down to 0.0001."""


class Needs(NamedTuple):
    """What one worker needs: CPUs, bytes of memory, and a share of a GPU, 0 where it computes on CPUs."""

    cpus: int
    memory: int
    gpus: float

    def __str__(self) -> str:
        gpus = f", {self.gpus:g} of a GPU" if self.gpus else ""
        return f"{self.cpus} CPU{gpus} and {_gibibytes(self.memory)} of memory"


class Nodes(NamedTuple):
    """A cluster's nodes.

    resources: what each has, by the names that Ray gives it: those that are there, and each kind it may still add
    cpus: of all that there can be at once
    gpu_memory: bytes of a GPU where JAX computes on GPUs there, else None
    """

    resources: tuple[Mapping[str, float], ...]
    cpus: int
    gpu_memory: int | None

    def needs(self, memory: int) -> Needs:
        """What a worker of so many bytes needs."""
        if self.gpu_memory is None:
            return Needs(1, memory, 0)
        share = (memory + GPU_RUNTIME_BYTES) / self.gpu_memory
        return Needs(1, memory, 1 if share > 1 / 2 else math.ceil(share / SMALLEST_SHARE) * SMALLEST_SHARE)

    def require(self, needs: Needs) -> None:
        """Refuse what no node can hold. Raises UsageError."""
        if not any(_holds(has, needs) for has in self.resources):
            largest = max(self.resources, key=lambda has: (has.get("CPU", 0), has.get("memory", 0)), default={})
            raise UsageError(
                f"No node of the Ray cluster can train this grid: a worker needs {needs}, and the largest node has "
                f"{largest.get('CPU', 0):g} CPUs, {largest.get('GPU', 0):g} GPUs and "
                f"{_gibibytes(largest.get('memory', 0))}. Add a larger node, or make the batches smaller."
            )


def nodes_of() -> Nodes:
    """The nodes of the cluster that this process has joined.

    Raises:
        EnvironmentFault: they cannot run seqbench.
    """
    import ray
    from ray.exceptions import RayError

    try:
        resources, cpus = ray.get(ray.remote(num_cpus=0)(_survey).remote())
        wanted = any(has.get("GPU", 0) for has in resources) and os.environ.get("JAX_PLATFORMS", "") != "cpu"
        look = ray.remote(num_cpus=0, num_gpus=SMALLEST_SHARE)(_gpu_memory)
        return Nodes(tuple(resources), cpus, ray.get(look.remote()) if wanted else None)
    except RayError as error:
        raise EnvironmentFault(
            f"The nodes of the Ray cluster cannot run seqbench. Is the same version installed on each?\n{error}"
        ) from error


def _survey() -> tuple[list[dict[str, float]], int]:
    """On a node: what nodes have that are there or that an autoscaler may add, and CPUs of all at once."""
    import ray
    from ray._private.state import state

    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    kinds = getattr(state.get_cluster_config(), "node_group_configs", ())
    most = sum(kind.resources.get("CPU", 0) * max(kind.max_count, 0) for kind in kinds)
    return [*there, *(dict(kind.resources) for kind in kinds)], int(max(most, sum(has.get("CPU", 0) for has in there)))


def _gpu_memory() -> int | None:
    """On a node with a GPU: its bytes of memory; None if JAX does not compute on GPUs there."""
    if not entry_points(group="jax_plugins"):
        return None
    asked = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return min(int(line) for line in said.splitlines()) * 2**20


def _holds(has: Mapping[str, float], needs: Needs) -> bool:
    enough_gpus = not needs.gpus or has.get("GPU", 0) >= 1
    return has.get("CPU", 0) >= needs.cpus and has.get("memory", 0) >= needs.memory and enough_gpus


def _gibibytes(memory: float) -> str:
    return f"{memory / 2**30:.2f} GiB"
