"""What every probe must keep to: it reads any model or leaves it out, its rows are in order, padding changes none.

The models are small: a recurrent one, a control without recurrence, and one with a decoder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.contracts.base import Check, documents_itself, named, require, require_close, settings_are_checked
from seqbench.contracts.edges import at_the_edges
from seqbench.contracts.toys import toy_batch, toy_task
from seqbench.errors import Incompatible
from seqbench.mitigations.base import chain
from seqbench.models.encoder_decoder import encoder_decoder
from seqbench.models.stacked import stacked
from seqbench.models.window_linear import window_linear
from seqbench.probes.base import Probe, Row, look

RECURRENT, CONTROL, DECODER = "a recurrent model", "a model without recurrence", "a model with a decoder"
WIDTH, PADDING = 3, 4


@cache
def model(kind: str) -> tuple[Any, nnx.GraphDef, Any]:
    """A task, and a model of it taken apart."""
    task = toy_task(readout="decode" if kind == DECODER else "last")
    makers: dict[str, Callable[[], Any]] = {
        RECURRENT: lambda: stacked(gru(), width=WIDTH, depth=2),
        CONTROL: lambda: window_linear(window=3),
        DECODER: lambda: encoder_decoder(gru(), width=WIDTH),
    }
    return task, *nnx.split(makers[kind]()(task, chain(), nnx.Rngs(0)))


class Subject:
    """A probe under examination: the function that makes it."""

    def __init__(self, make: Callable[..., Probe]) -> None:
        self.make, self.name = make, make.__name__
        self._read: dict[str, list[Row]] = {}

    def rows(self, kind: str, *, padding: int = 0, **settings: Any) -> list[Row]:
        """What the probe says of a model, compiled as training does it."""
        task, graph, parameters = model(kind)
        probe, batch = self.make(**settings), toy_batch(task)
        if padding:
            batch = batch._replace(
                inputs=jnp.pad(batch.inputs, ((0, 0), (0, padding))), mask=jnp.pad(batch.mask, ((0, 0), (0, padding)))
            )

        def build(own: Any) -> Any:
            built = nnx.merge(graph, own)
            built.variable_length = built.variable_length or padding > 0
            return built

        def read(parameters: Any, batch: Any) -> Any:
            return probe.trace(look(task, build, parameters, batch))

        return probe.rows(jax.device_get(jax.jit(read)(parameters, batch)), length=task.length)

    def once(self, kind: str) -> list[Row]:
        """The rows with default settings, read once for all checks."""
        if kind not in self._read:
            self._read[kind] = self.rows(kind)
        return self._read[kind]


def check_probe(make: Callable[..., Probe]) -> list[Check]:
    """The contract of a probe, given the function that makes it."""
    return named(CHECKS, Subject(make))


def says_what_it_is_and_where_it_comes_from(subject: Subject) -> None:
    """The module's docstring: a sentence and a source; the function's: a line."""
    documents_itself(subject.make)


def its_settings_are_named_have_defaults_and_are_checked(subject: Subject) -> None:
    """Settings are keyword-only, and their defaults are of the types they are annotated with."""
    settings_are_checked(subject.make)
    made = type(subject.make())
    require(made is Probe, f"{subject.name} must return a Probe, it returns {made.__name__}.")


def it_reads_every_model_or_leaves_it_out(subject: Subject) -> None:
    """No model makes it fail, and of at least one it says something."""
    found = [len(subject.once(kind)) for kind in (RECURRENT, CONTROL, DECODER)]
    require(any(found), "It has no rows for any model: return rows from `rows`.")


def its_rows_are_numbers_each_named_once(subject: Subject) -> None:
    """A row is a name, a distance of 0 or more or None, and a number; a name has one row a distance (and remedy)."""
    for kind in (RECURRENT, CONTROL, DECODER):
        rows = subject.once(kind)
        for row in rows:
            keys = {"probe", "distance", "value"} <= set(row) <= set(Row.__annotations__)
            require(keys, f"A row must have the keys of `Row`, it has {sorted(row)}.")
            place, value = row["distance"], row["value"]
            require(place is None or (isinstance(place, int) and place >= 0), f"{place!r} is no distance.")
            require(isinstance(value, float), f"{row['probe']} must be a float, it is {type(value).__name__}.")
            require(not np.isnan(value), f"{row['probe']} of {kind} is not a number: leave the row out.")
        places = [(row["probe"], row["distance"], row.get("remedy")) for row in rows]
        twice = sorted({place[0] for place in places if places.count(place) > 1})
        require(not twice, f"{', '.join(twice)} has two rows at one distance.")


def padding_changes_no_row(subject: Subject) -> None:
    """Training pads sequences so that several lengths share a program: padded steps are not there (`batch.mask`)."""
    plain, padded = subject.once(RECURRENT), subject.rows(RECURRENT, padding=PADDING)
    found, expected = ({(row["probe"], row["distance"]): row["value"] for row in rows} for rows in (padded, plain))
    differing = sorted({name for name, _ in found.keys() ^ expected.keys()})
    advice = "Look at `view.batch.mask` and `view.where()`."
    require(not differing, f"With padding {', '.join(differing)} stands at other distances. {advice}")
    for key, value in expected.items():
        require_close(found[key], value, f"With padding {key} is another. {advice}", rtol=1e-3, atol=1e-5)


def at_the_edges_of_its_settings_its_rows_are_numbers(subject: Subject) -> None:
    """Whatever a grid may set."""
    for settings in at_the_edges(subject.make):
        try:
            rows = subject.rows(RECURRENT, **settings)
        except Incompatible:
            continue
        bad = sorted({row["probe"] for row in rows if np.isnan(row["value"])})
        require(not bad, f"With {settings} {', '.join(bad)} is not a number: narrow the range.")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    says_what_it_is_and_where_it_comes_from,
    its_settings_are_named_have_defaults_and_are_checked,
    it_reads_every_model_or_leaves_it_out,
    its_rows_are_numbers_each_named_once,
    padding_changes_no_row,
    at_the_edges_of_its_settings_its_rows_are_numbers,
)
