"""Every probe keeps the contract of `seqbench.contracts.probes`, and a component that breaks it is reported."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import pytest

from seqbench.components import catalogue
from seqbench.contracts.probes import CHECKS, Subject
from seqbench.probes.base import Probe, row
from seqbench.setting_types import NonNegativeFloat
from tests.contracts.demands import demands


@cache
def subject(name: str) -> Subject:
    return Subject(catalogue.component("probes", name))


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("name", catalogue.names("probes"))
def test_probe(name, check, hold):
    hold(check, subject(name))


def silent() -> Probe:
    """Says nothing."""
    return Probe(lambda view: None, lambda measured, *, length: [])


def repeats() -> Probe:
    """Says one thing twice."""
    return Probe(lambda view: view.aim.step, lambda measured, *, length: [row("step", measured[0])] * 2)


def counts_padding() -> Probe:
    """Takes padding for steps."""
    return Probe(
        lambda view: jnp.mean(view.batch.mask, dtype=jnp.float32),
        lambda measured, *, length: [row("mask", measured)],
    )


def divides(*, by: NonNegativeFloat = 1.0) -> Probe:
    """Allows a division by zero."""
    return Probe(
        lambda view: jnp.zeros(()) / by,
        lambda measured, *, length: [row("ratio", measured)],
    )


@pytest.mark.parametrize(
    ("make", "broken"),
    [
        (silent, {"it_reads_every_model_or_leaves_it_out"}),
        (repeats, {"its_rows_are_numbers_each_named_once"}),
        (counts_padding, {"padding_changes_no_row"}),
        (divides, {"at_the_edges_of_its_settings_its_rows_are_numbers"}),
    ],
)
def test_what_breaks_the_contract_is_found(make, broken):
    failed, one = set(), Subject(make)
    for check in CHECKS[1:]:  # these stand in a test, whose docstring names no source
        try:
            check(one)
        except AssertionError:
            failed.add(check.__name__)
    assert failed == broken
