"""This process as the driver of a Ray cluster: joining it, what travels to its nodes, and leaving it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import warnings
from types import ModuleType
from typing import NamedTuple

from seqbench.components.own_source import own_files
from seqbench.errors import EnvironmentFault, UsageError
from seqbench.execution.jax_variables import HARMLESS
from seqbench.execution.ray_resources import Needs

PORT = 10001
"""Where a Ray cluster listens for drivers outside of it, unless an address says otherwise."""

RECONNECT = "RAY_gcs_rpc_server_reconnect_timeout_s"
"""Of Ray's settings: seconds after which it ends a process, without an error, whose cluster does not answer."""

UV_HOOK = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"
"""With it, a driver that `uv run` started sends its whole working directory, and each worker installs it anew.

A driver outside of the cluster has its part within it, which looks for `uv run` among what started the cluster.
"""


ANSWER = 5.0
"""Seconds within which a cluster must accept a connection."""


ATTEMPTS = 3
"""How often joining is tried; Ray takes half a minute to say that an attempt failed."""

DIED = "Starting Ray client server failed"
"""What Ray says of a process of its own that died as it started."""


class Door(NamedTuple):
    """Where a cluster listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def knock(self) -> None:
        """Raise OSError if nothing listens."""
        socket.create_connection(self, timeout=ANSWER).close()


def connect(address: str) -> Door:
    """Join a cluster, and let the modules of the user's own travel to its nodes.

    Args:
        address: `auto` or `ray://HOST:PORT`.

    Returns:
        Where it listens, for as long as it is there.

    Raises:
        UsageError: Ray is not installed.
        EnvironmentFault: there is no cluster, or it refuses.
    """
    os.environ.setdefault(UV_HOOK, "0")
    ray = _imported()
    modules = list(map(str, own_files()))
    travels: dict[str, object] = {"py_modules": modules} if modules else {}  # Ray fails on an empty list
    if address != "auto":
        travels["env_vars"] = {UV_HOOK: os.environ[UV_HOOK]}
    before = signal.getsignal(signal.SIGTERM)
    try:
        door = _door(address)
        door.knock()  # Ray itself would try for two minutes
        _join(ray, address, travels)
    except Exception as error:
        where = f"at {address}" if address != "auto" else "that this machine belongs to"
        raise EnvironmentFault(
            f"There is no Ray cluster {where}, or it cannot be joined: {error}\n"
            "Start one with `ray start --head`, or name one: --on ray://HOST:10001."
        ) from error
    finally:
        signal.signal(signal.SIGTERM, before)  # Ray's own would end the process without a word
    return door


def _join(ray: ModuleType, address: str, travels: dict[str, object]) -> None:
    """Join, again where the process that Ray starts on the head for a driver outside of the cluster died at once.

    That happened in one of twelve attempts on a busy head: it is forked while other threads are in gRPC (Ray 2.60).
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # what Ray will change one day
                # Ray writes into what it is given: where it has put the modules.
                ray.init(address, runtime_env=dict(travels), log_to_driver=False, logging_level=logging.CRITICAL)
            return
        except ConnectionError as error:
            if not left or DIED not in str(error):
                raise


def disconnect() -> None:
    """Leave the cluster; it ends what still runs there for this process."""
    _imported().shutdown()


def patience() -> float:
    """Seconds for which a cluster may be silent, as when its head begins again: less than after which Ray ends us."""
    return 0.75 * float(os.environ.get(RECONNECT, "60"))


def carried_variables(needs: Needs) -> dict[str, str]:
    """The environment variables of a worker: those of this process that trials see, and what a share of a GPU needs."""
    names = (name for name in os.environ if name in ("XLA_FLAGS", *HARMLESS) or name.startswith("SEQBENCH_"))
    shared = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if 0 < needs.gpus < 1 else {}
    return {name: os.environ[name] for name in names} | shared


def _door(address: str) -> Door:
    """Where the cluster of an address listens. Raises ConnectionError if this machine belongs to none."""
    from ray._private.services import canonicalize_bootstrap_address_or_die

    place = canonicalize_bootstrap_address_or_die("auto") if address == "auto" else address.removeprefix("ray://")
    host, colon, port = place.rpartition(":")
    return Door(host.strip("[]"), int(port)) if colon else Door(place, PORT)


def _imported() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed. Install it with: pip install 'seqbench[ray]'") from error
    return ray
