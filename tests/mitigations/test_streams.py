"""Several initialisations in one list: which numbers each draws."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.components import catalogue
from seqbench.errors import Incompatible
from seqbench.mitigations.base import chain
from seqbench.mitigations.chrono_init import chrono_init
from seqbench.mitigations.identity_init import identity_init
from seqbench.mitigations.normal_init import normal_init
from seqbench.mitigations.sparse_init import sparse_init


def started(*links, build, rngs):
    cell = build(6, 6, rngs)
    chain(*links).initialise(cell, np.random.default_rng(0))
    return cell


def test_two_that_draw_draw_other_numbers(rngs):
    one, other = normal_init(scale=1.0, of="input"), normal_init(scale=1.0, of="recurrent")
    cell = started(one, other, build=vanilla(), rngs=rngs)
    drawn, second = (np.asarray(kernel[...]).ravel() for kernel in (cell.input_kernel, cell.recurrent_kernel))
    assert not set(drawn.tolist()) & set(second.tolist())
    # The first has the numbers that it has alone.
    alone = started(one, build=vanilla(), rngs=rngs)
    np.testing.assert_array_equal(cell.input_kernel[...], alone.input_kernel[...])
    first = started(sparse_init(nonzeros=3), build=vanilla(), rngs=rngs).recurrent_kernel[...]
    behind = started(one, sparse_init(nonzeros=3), build=vanilla(), rngs=rngs).recurrent_kernel[...]
    assert not np.array_equal(first, behind)


def test_one_that_draws_nothing_changes_no_stream(rngs):
    alone = started(chrono_init(longest=50.0), build=lstm(), rngs=rngs)
    behind = started(identity_init(), chrono_init(longest=50.0), build=lstm(), rngs=rngs)
    np.testing.assert_array_equal(alone.bias[...], behind.bias[...])


@pytest.mark.parametrize("name", catalogue.names("mitigations"))
def test_every_mitigation_says_whether_it_draws(name, rngs):
    choices = [{}, {"input_scale": 0.1}] if name == "identity_init" else [{}]
    for given in choices:
        chosen = catalogue.resolve("mitigations", name, given)
        try:
            link = catalogue.component("mitigations", name)(**chosen.settings)
        except Incompatible:  # by default it is no start
            continue
        generator = np.random.default_rng(0)
        before = generator.bit_generator.state
        for build in (lstm(), vanilla()):
            try:
                link.initialise and link.initialise(build(6, 6, rngs), generator)
            except Incompatible:  # another cell has what it sets
                continue
        assert catalogue.draws(chosen) == (generator.bit_generator.state != before), name
