"""Every mitigation keeps the contract of `seqbench.contracts.mitigations`."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import pytest

from seqbench.components import catalogue
from seqbench.contracts.mitigations import CHECKS, Subject, compilations
from tests.contracts.demands import demands

NAMES = catalogue.names("mitigations")


@cache
def subject(name: str) -> Subject:
    return Subject(catalogue.component("mitigations", name))


@pytest.mark.parametrize("check", demands(CHECKS))
@pytest.mark.parametrize("name", NAMES)
def test_mitigation(name, check, hold):
    hold(check, subject(name))


@pytest.mark.parametrize("name", NAMES)
def test_its_settings_are_those_a_grid_resolves(name):
    resolved = catalogue.resolve("mitigations", name, {}).settings
    assert resolved == subject(name).settings
    assert catalogue.component("mitigations", name)(**resolved) is not None


def test_the_count_of_compilations_sees_one():
    with compilations() as counted:
        jax.jit(lambda x: x * 3.14159)(jnp.ones(7))
    assert counted
