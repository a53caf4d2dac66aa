"""All probes of a grid on one model, in one compiled program a group, and when that is worth its time."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import jax
from flax import nnx
from jaxtyping import Array, Key

from seqbench.errors import UsageError
from seqbench.grid.nearest import advice
from seqbench.mitigations.base import Arrays, Chain
from seqbench.probes.base import Row, look
from seqbench.tasks.base import Task

SEQUENCES = 32
"""Sequences that probes look at: always the same ones for a seed, none of which training or evaluation meets."""

PROBE_BATCH = 2**31 - 1
"""Place of these sequences in the stream of validation data, far behind what evaluation reads."""


class Probed(Protocol):
    """What `measure` needs to know of a group: `seqbench.training.program.Program` has it."""

    task: Task
    graph: nnx.GraphDef
    chain: Chain
    training: dict[str, Any]


class Measurement(NamedTuple):
    """Rows, and the wall-clock seconds that they cost; those of compilation are not 0 the first time in a group."""

    rows: list[Row]
    seconds: float
    compile_seconds: float


FAST_COMPILATION: dict[str, Any] = {"xla_backend_optimization_level": 0}
"""On a CPU a probe runs a few times for milliseconds but compiles for seconds: half as many without optimisation."""

Compiled = Callable[..., dict[str, Any]]
_compiled: WeakKeyDictionary[Probed, dict[tuple[str, ...], Compiled]] = WeakKeyDictionary()


def names() -> tuple[str, ...]:
    """Every probe, by the names of the files."""
    path = importlib.import_module("seqbench.probes").__path__
    found = (module.name for module in pkgutil.iter_modules(path))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def selected(which: str | Sequence[str]) -> tuple[str, ...]:
    """The probes that a grid asks for: "default", "none", "all", one name, or a list of names.

    Raises:
        UsageError: there is no probe of that name.
    """
    if which == "none":
        return ()
    if which in ("all", "default"):
        return tuple(name for name in names() if which == "all" or _module(name).DEFAULT)
    wanted = (which,) if isinstance(which, str) else tuple(which)
    for name in wanted:
        if name not in names():
            known = ("default", "none", "all", *names()) if isinstance(which, str) else names()
            raise UsageError(f"there is no probe {name!r}{advice(name, known)}; there are {', '.join(names())}")
    return tuple(name for name in names() if name in wanted)


def due(step: int, *, steps: int, evaluate_every: int) -> bool:
    """Whether probes are read at a step: before training, and at the first, the middle and the last evaluation."""
    evaluations = -(-steps // evaluate_every)
    chosen = {0, 1, (evaluations + 1) // 2, evaluations}
    return step in {min(each * evaluate_every, steps) for each in chosen}


def measure(
    program: Probed,
    parameters: Any,
    *,
    key: Key[Array, ""],
    arrays: tuple[Arrays, ...],
    which: str | Sequence[str] = "default",
) -> Measurement:
    """Read probes of a model.

    Args:
        program: the trial's group. What is compiled is kept as long as the program lives.
        parameters: the model's.
        key: of the seed's stream of validation data.
        arrays: the numbers of the trial's mitigations, as in `Chain.arrays`.
        which: see `selected`.

    Raises:
        UsageError: there is no probe of that name.
    """
    wanted = selected(which)
    if not wanted:
        return Measurement([], 0.0, 0.0)
    began = time.monotonic()
    compiled = _compiled.setdefault(program, {})
    if wanted not in compiled:
        options = FAST_COMPILATION if jax.default_backend() == "cpu" else None
        lowered = jax.jit(_reader(program, wanted)).lower(parameters, key, arrays)
        compiled[wanted] = lowered.compile(compiler_options=options)
    ready = time.monotonic()
    measured = jax.device_get(compiled[wanted](parameters, key, arrays))
    length = program.task.length
    rows = [row for name in wanted for row in _module(name).rows(measured[name], length=length)]
    return Measurement(rows, time.monotonic() - ready, ready - began)


def _reader(program: Probed, wanted: tuple[str, ...]) -> Compiled:
    """The function that is compiled. It must not hold the program, whose end is the end of what is compiled for it."""
    task, graph, chain = program.task, program.graph, program.chain
    batch_size = program.training["batch_size"]
    probes = {name: _module(name) for name in wanted}

    def read(parameters: Any, key: Key[Array, ""], arrays: tuple[Arrays, ...]) -> dict[str, Any]:
        def build(own: Any) -> Any:
            model = nnx.merge(graph, own)
            chain.bind(model, arrays)
            return model

        batch = (task.validation or task.sample)(jax.random.fold_in(key, PROBE_BATCH), SEQUENCES)
        view = look(task, build, parameters, batch, batch_size=batch_size)
        return {name: probe.trace(view) for name, probe in probes.items()}

    return read


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"seqbench.probes.{name}")
