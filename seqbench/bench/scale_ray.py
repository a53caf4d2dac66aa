"""What a driver costs whose workers are on a Ray cluster: two nodes on this machine, training replayed by actors."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from seqbench.bench.scale import compared, figures_of, record

TRIALS = (1_000, 10_000, 100_000)
LOOPBACK = "127.0.0.1"
MEMORY = 2**32
"""Bytes that each node offers."""


def time_scale_on_ray(*, say: Callable[[str], None], trials: Sequence[int] = TRIALS) -> list[dict[str, Any]]:
    """One row a size: events per second, milliseconds a trial and peak memory of the driver; none without Ray."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place, two_nodes(say) as address:
        if address is None:
            return []
        recorded = record(Path(place) / "recorded")
        for number in trials:
            say(f"{number:,} trials")
            found = figures_of(number, Path(place) / str(number), recorded, environment={"RAY_ADDRESS": address})
            row = {
                "trials": number,
                "events": found["events"],
                "events_a_second": found["events"] / found["training_seconds"],
                "events_a_second_of_the_clock": found["events"] / found["training_clock_seconds"],
                "run_ms_a_trial": 1e3 * found["run_seconds"] / number,
                **{f"{phase}_peak_mib": found[f"{phase}_peak_mib"] for phase in ("training", "run")},
            }
            rows.append(compared(row, rows[0] if rows else row))
    return rows


@contextmanager
def two_nodes(say: Callable[[str], None]) -> Iterator[str | None]:
    """A cluster of two nodes of one CPU each, on loopback and with a token; its address, None where Ray is absent."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    # Without the last one Ray looks for a cluster on loopback elsewhere.
    with patch.dict(os.environ, {**token, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}):
        try:
            from ray.cluster_utils import Cluster
        except ImportError:
            say("left out: it needs the extra seqbench[ray]")
            yield None
            return
        node: dict[str, Any] = {"num_cpus": 1, "node_ip_address": LOOPBACK, "memory": MEMORY}
        cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        try:
            cluster.add_node(**node)
            yield str(cluster.address)
        finally:
            cluster.shutdown()
