"""Compiled programs, kept in the process and on disk: what has been compiled once is not compiled again.

A program is found by its name, which says all that it depends on, before anything is traced; one without a name, or
with a new one, by its text for the compiler. Compilation costs seconds, and on small grids most of the time.
"""

from __future__ import annotations

import pickle
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import jax
from jax.experimental import serialize_executable

from seqbench import compilation_cache

KEPT = 128
"""Programs kept in a process; the one that was asked for longest ago goes first."""

FULL: Mapping[str, str] = {}
"""Options of the compiler for what is run at every step."""

LIGHT: Mapping[str, str] = {"xla_backend_optimization_level": "1"}
"""For what draws random numbers or reads probes: compiled in two thirds of the time, and about as fast."""

QUICK: Mapping[str, str] = {"xla_backend_optimization_level": "0"}
"""For what is run once a trial: compiled in half the time, but up to ten times as slow."""


class Name(NamedTuple):
    """All that a program depends on, in words.

    lasting: whether the words mean the same in another process, so that the program may be kept on disk; not so where
        a component of the user's own is named, whose code may have changed
    """

    text: str
    lasting: bool = True

    def of(self, *parts: object) -> Name:
        """The name of something that depends on `parts` as well."""
        return Name(" ".join([self.text, *map(str, parts)]), self.lasting)

    def and_of(self, other: Name) -> Name:
        """The name of something that depends on what `other` names as well."""
        return Name(f"{self.text} {other.text}", self.lasting and other.lasting)

    @property
    def digest(self) -> str:
        """The name as a file can have it."""
        return blake2b(self.text.encode(), digest_size=16).hexdigest()


class Spent:
    """Seconds that this process has spent on tracing, compiling and loading programs."""

    seconds = 0.0


_kept: OrderedDict[str, jax.stages.Compiled] = OrderedDict()


def compiled(
    function: Callable[..., Any],
    *arguments: Any,
    name: Name | None = None,
    options: Mapping[str, str] = FULL,
    donate: tuple[int, ...] = (),
) -> jax.stages.Compiled:
    """The compiled program of a pure function for arguments of these shapes.

    Args:
        function: what is compiled.
        arguments: arrays, or their shapes and types, in the places in which it will be given them.
        name: what finds it without tracing, if anything does.
        options: of the compiler, on a CPU.
        donate: the places of arguments that it may use up.
    """
    return compiled_from(lambda: jax.jit(function, donate_argnums=donate).lower(*arguments), name=name, options=options)


def compiled_from(
    lower: Callable[[], jax.stages.Lowered], *, name: Name | None = None, options: Mapping[str, str] = FULL
) -> jax.stages.Compiled:
    """The same for a program that `lower` traces; `lower` is called only if no program has the name."""
    options = options if jax.default_backend() == "cpu" else FULL
    known = name.of(sorted(options.items())).digest if name else None
    if known is not None and known in _kept:
        _kept.move_to_end(known)
        return _kept[known]
    began = time.monotonic()
    try:
        found = _obtain(lower, known if name and name.lasting else None, options)
    finally:
        Spent.seconds += time.monotonic() - began
    return _keep(known, found) if known else found


def _obtain(
    lower: Callable[[], jax.stages.Lowered], known: str | None, options: Mapping[str, str]
) -> jax.stages.Compiled:
    """From disk by its name; else traced, and from this process, from disk or from the compiler by what it says."""
    if known is None:
        lowered = lower()
        return _by_text(lowered, options, lambda said: _loaded_or_made(said, lambda: _compile(lowered, options)))

    def make() -> jax.stages.Compiled:
        # What has a name is on disk under it alone: a process takes one lock at a time.
        lowered = lower()
        return _by_text(lowered, options, lambda said: _compile(lowered, options))

    return _loaded_or_made(known, make)


def _by_text(
    lowered: jax.stages.Lowered, options: Mapping[str, str], make: Callable[[str], jax.stages.Compiled]
) -> jax.stages.Compiled:
    """A program with the same lowered text, or a new one."""
    # The types of arguments and results are no part of the text.
    ends = f"{lowered.in_tree} -> {lowered.out_tree} {sorted(options.items())}\n"
    said = blake2b((ends + lowered.as_text()).encode(), digest_size=16).hexdigest()
    if said not in _kept:
        _keep(said, make(said))
    _kept.move_to_end(said)
    return _kept[said]


def _compile(lowered: jax.stages.Lowered, options: Mapping[str, str]) -> jax.stages.Compiled:
    return lowered.compile(compiler_options=dict(options) or None)


def _loaded_or_made(known: str, make: Callable[[], jax.stages.Compiled]) -> jax.stages.Compiled:
    """A program from disk, or made and left there; of several processes that want it, one makes it."""
    folder = compilation_cache.folder()
    # Where a user has JAX keep programs, it does: one that JAX has loaded loses functions when it is saved again.
    if folder is None or jax.config.values.get("jax_compilation_cache_dir"):
        return make()
    entry = f"{_surroundings()}-{known}"
    with compilation_cache.alone(folder, entry):
        kept = compilation_cache.load(folder, entry)
        if kept is not None and (loaded := _load(kept)) is not None:
            return loaded
        made = make()
        compilation_cache.save(folder, entry, pickle.dumps(serialize_executable.serialize(made)))
        return made


def _load(kept: bytes) -> jax.stages.Compiled | None:
    """The program in the bytes of an entry, or None if XLA or Python refuses them."""
    try:
        return serialize_executable.deserialize_and_load(*pickle.loads(kept))
    except Exception:  # noqa: BLE001 - whatever is wrong with an entry, compiling again replaces it
        return None


@lru_cache(maxsize=1)
def _surroundings() -> str:
    """What a compiled program depends on besides what it says: code, versions, processor, settings of JAX."""
    parts = [
        *compilation_cache.machine(),
        jax.devices()[0].device_kind,
        str(sorted((key, str(value)) for key, value in jax.config.values.items())),
    ]
    return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _keep(known: str, program: jax.stages.Compiled) -> jax.stages.Compiled:
    _kept[known] = program
    _kept.move_to_end(known)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return program
